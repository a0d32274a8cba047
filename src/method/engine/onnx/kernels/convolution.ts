import type { Edge, Graph } from '../graph.js';
import { arrange, NCHW, OIHW, reshapeEdge, type Value } from '../layout.js';
import { filterGradient } from './filter-gradient.js';
import { geometry, type Shape4 } from './geometry.js';
import { append, type Kernel } from './kernel.js';

const conv2d: Kernel = ({ graph, inputs: { x, filter }, attributes }) => {
  const { outShape, pads, strides } = geometry('Conv2D', x.shape, filter.shape, attributes);
  const inputs = [arrange(graph, x, NCHW), arrange(graph, filter, OIHW)];
  return append(graph, 'Conv', inputs, { shape: outShape, order: NCHW }, { pads, strides });
};

/**
 * The gradient for the input. At stride 1 it is a convolution with the filter turned by 180 degrees and its channel
 * axes swapped, which runs on the fast convolution; at other strides a transposed convolution.
 */
const inputGradient: Kernel = ({ graph, inputs: { dy, filter }, attributes }) => {
  const { inputShape } = attributes;
  const info = geometry('Conv2DBackpropInput', inputShape, filter.shape, attributes);
  const { filterHeight: height, filterWidth: width, pads, strides } = info;
  const gradient = arrange(graph, dy, NCHW);
  const result = { shape: inputShape as Shape4, order: NCHW };
  if (strides.every((stride) => stride === 1)) {
    const [top, left, bottom, right] = pads;
    const turned = { pads: [height - 1 - top, width - 1 - left, height - 1 - bottom, width - 1 - right] };
    return append(graph, 'Conv', [gradient, turnedFilter(graph, filter)], result, turned);
  }
  const extra = [0, 1].map((axis) => {
    const [size, kernel, before, after] = [inputShape[axis + 1], [height, width][axis], pads[axis], pads[axis + 2]];
    return size - ((dy.shape[axis + 1] - 1) * strides[axis] + kernel - before - after);
  });
  const inputs = [gradient, arrange(graph, filter, OIHW)];
  return append(graph, 'ConvTranspose', inputs, result, { pads, strides, output_padding: extra });
};

/** Physical IOHW, turned by 180 degrees. */
function turnedFilter(graph: Graph, filter: Value): Edge {
  const [height, width, inChannels, outChannels] = filter.shape;
  const swapped = arrange(graph, filter, [2, 3, 0, 1]);
  const taps = height * width;
  if (taps === 1) return swapped;
  const flat = reshapeEdge(graph, swapped, [inChannels * outChannels, taps]);
  // A product with a turned unit matrix is five times as fast as a Gather.
  const mirror = Float32Array.from({ length: taps * taps }, (_, i) =>
    Math.floor(i / taps) + (i % taps) === taps - 1 ? 1 : 0,
  );
  const inputs = [flat, graph.constant(mirror, [taps, taps], 'float32')];
  const [turned] = graph.node('MatMul', inputs, [{ shape: flat.shape, type: 'float32' }]);
  return reshapeEdge(graph, turned, swapped.shape);
}

export const convolution: Record<string, Kernel> = {
  Conv2D: conv2d,
  Conv2DBackpropInput: inputGradient,
  Conv2DBackpropFilter: filterGradient,
};
