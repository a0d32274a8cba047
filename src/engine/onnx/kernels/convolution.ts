import { backend_util } from '../../../tensorflow.js';
import type { Edge, Graph } from '../graph.js';
import { arrange, NCHW, OIHW, reshapeEdge, type Value } from '../layout.js';
import { append, type Kernel, unsupported } from './kernel.js';

type Shape4 = [number, number, number, number];

/** The sizes, strides and padding of a convolution; TensorFlow.js computes them, so that both agree on rounding. */
// biome-ignore lint/suspicious/noExplicitAny: the attributes of three kernels that share these names.
function geometry(kernel: string, x: readonly number[], filter: readonly number[], attributes: any) {
  const { strides, pad, dataFormat = 'NHWC', dilations = 1, dimRoundingMode } = attributes;
  if (dataFormat !== 'NHWC') throw unsupported(kernel, `data format ${dataFormat}; write it in NHWC`);
  const info = backend_util.computeConv2DInfo(x as Shape4, filter as Shape4, strides, dilations, pad, dimRoundingMode);
  if (info.dilationHeight !== 1 || info.dilationWidth !== 1) throw unsupported(kernel, 'a dilated convolution');
  const { top, left, bottom, right } = info.padInfo;
  return { ...info, pads: [top, left, bottom, right], strides: [info.strideHeight, info.strideWidth] };
}

const conv2d: Kernel = ({ graph, inputs: { x, filter }, attributes }) => {
  const { outShape, pads, strides } = geometry('Conv2D', x.shape, filter.shape, attributes);
  const inputs = [arrange(graph, x, NCHW), arrange(graph, filter, OIHW)];
  return append(graph, 'Conv', inputs, { shape: outShape, order: NCHW }, { pads, strides });
};

/**
 * The gradient for the input. At stride 1 it is a convolution with the filter turned by 180 degrees and its channel axes
 * swapped, which runs on the fast convolution; at other strides a transposed convolution.
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
  const backwards = graph.integers(Array.from({ length: taps }, (_, tap) => taps - 1 - tap));
  const [turned] = graph.node('Gather', [flat, backwards], [{ shape: flat.shape, type: 'float32' }], { axis: 1 });
  return reshapeEdge(graph, turned, swapped.shape);
}

/**
 * The gradient for the filter: for every tap of the filter, the product of the output's gradient with the input seen
 * through that tap, summed over the batch. (im2col without ever joining the columns.)
 */
const filterGradient: Kernel = ({ graph, inputs: { x, dy }, attributes }) => {
  const { filterShape } = attributes;
  const info = geometry('Conv2DBackpropFilter', x.shape, filterShape, attributes);
  const { batchSize, inChannels, outChannels, outHeight, outWidth, filterHeight, filterWidth, pads, strides } = info;
  const positions = outHeight * outWidth;
  const padded = padImage(graph, arrange(graph, x, NCHW), pads);
  const gradient = reshapeEdge(graph, arrange(graph, dy, NCHW), [batchSize, outChannels, positions]);
  const taps: Edge[] = [];
  for (let top = 0; top < filterHeight; top++) {
    for (let left = 0; left < filterWidth; left++) {
      const seen = shifted(graph, padded, [top, left], [outHeight, outWidth], strides);
      const columns = reshapeEdge(graph, seen, [batchSize, inChannels, positions]);
      taps.push(
        ...graph.node(
          'FusedMatMul',
          [gradient, columns],
          [{ shape: [batchSize, outChannels, inChannels], type: 'float32' }],
          { transB: 1 },
          'com.microsoft',
        ),
      );
    }
  }
  const joinedShape = [batchSize, outChannels, filterHeight * filterWidth * inChannels];
  const joined =
    taps.length === 1 ? taps[0] : graph.node('Concat', taps, [{ shape: joinedShape, type: 'float32' }], { axis: 2 })[0];
  const summedShape = [outChannels, filterHeight, filterWidth, inChannels];
  const [summed] = graph.node(
    'ReduceSum',
    [joined, graph.integers([0])],
    [{ shape: joinedShape.slice(1), type: 'float32' }],
    { keepdims: 0 },
  );
  return { edge: reshapeEdge(graph, summed, summedShape), shape: filterShape, order: [3, 0, 1, 2] };
};

function padImage(graph: Graph, image: Edge, [top, left, bottom, right]: number[]): Edge {
  if (top + left + bottom + right === 0) return image;
  const [batch, channels, height, width] = image.shape;
  const shape = [batch, channels, height + top + bottom, width + left + right];
  const amounts = graph.integers([0, 0, top, left, 0, 0, bottom, right]);
  return graph.node('Pad', [image, amounts], [{ shape, type: 'float32' }])[0];
}

/** The [height, width] window of `image` at `offset`, every `strides` pixels. */
function shifted(graph: Graph, image: Edge, offset: number[], size: number[], strides: number[]): Edge {
  const [batch, channels, height, width] = image.shape;
  if (offset[0] + offset[1] === 0 && size[0] === height && size[1] === width) return image;
  const ends = size.map((length, axis) => offset[axis] + (length - 1) * strides[axis] + 1);
  const inputs = [image, graph.integers(offset), graph.integers(ends), graph.integers([2, 3]), graph.integers(strides)];
  return graph.node('Slice', inputs, [{ shape: [batch, channels, ...size], type: 'float32' }])[0];
}

export const convolution: Record<string, Kernel> = {
  Conv2D: conv2d,
  Conv2DBackpropInput: inputGradient,
  Conv2DBackpropFilter: filterGradient,
};
