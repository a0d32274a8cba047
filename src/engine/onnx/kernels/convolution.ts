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

/** Up to so many columns, joining them costs less than the many narrow products it saves: the stem, which sees three channels. */
const FEW_COLUMNS = 256;

/**
 * The gradient for the filter: the product of the output's gradient with the input as seen through each tap of the filter, summed
 * over the batch. (im2col; with many channels each tap is wide enough for a product of its own, and the columns are never joined.)
 */
const filterGradient: Kernel = ({ graph, inputs: { x, dy }, attributes }) => {
  const { filterShape } = attributes;
  const info = geometry('Conv2DBackpropFilter', x.shape, filterShape, attributes);
  const { batchSize, inChannels, outChannels, outHeight, outWidth, filterHeight, filterWidth, pads, strides } = info;
  const positions = outHeight * outWidth;
  const padded = padImage(graph, arrange(graph, x, NCHW), pads);
  const gradient = reshapeEdge(graph, arrange(graph, dy, NCHW), [batchSize, outChannels, positions]);
  const offsets = Array.from({ length: filterHeight * filterWidth }, (_, tap) => [
    Math.floor(tap / filterWidth),
    tap % filterWidth,
  ]);
  const seen = offsets.map((offset) => {
    const window = shifted(graph, padded, offset, [outHeight, outWidth], strides);
    return reshapeEdge(graph, window, [batchSize, inChannels, positions]);
  });
  const columns = offsets.length * inChannels;
  const products =
    columns <= FEW_COLUMNS
      ? product(graph, gradient, join(graph, seen, 1))
      : join(
          graph,
          seen.map((tap) => product(graph, gradient, tap)),
          2,
        );
  const [summed] = graph.node('ReduceSum', [products, graph.integers([0])], [floats([outChannels, columns])], {
    keepdims: 0,
  });
  const edge = reshapeEdge(graph, summed, [outChannels, filterHeight, filterWidth, inChannels]);
  return { edge, shape: filterShape, order: [3, 0, 1, 2] };
};

const floats = (shape: readonly number[]) => ({ shape, type: 'float32' as const });

/** Of each image: [batch, m, k] by [batch, n, k] to [batch, m, n]. */
function product(graph: Graph, a: Edge, b: Edge): Edge {
  const output = floats([a.shape[0], a.shape[1], b.shape[1]]);
  return graph.node('FusedMatMul', [a, b], [output], { transB: 1 }, 'com.microsoft')[0];
}

function join(graph: Graph, edges: readonly Edge[], axis: number): Edge {
  if (edges.length === 1) return edges[0];
  const shape = [...edges[0].shape];
  shape[axis] = edges.reduce((sum, edge) => sum + edge.shape[axis], 0);
  return graph.node('Concat', edges, [floats(shape)], { axis })[0];
}

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
