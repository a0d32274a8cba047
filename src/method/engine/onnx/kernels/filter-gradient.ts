import type { Edge, Graph } from '../graph.js';
import { arrange, NCHW, OIHW, reshapeEdge, type Value } from '../layout.js';
import { geometry } from './geometry.js';
import type { Kernel } from './kernel.js';

/**
 * Up to so many columns, joining them costs less than the many narrow products it saves: the stem, which sees three
 * channels.
 */
const FEW_COLUMNS = 256;

/**
 * The gradient of a convolution for its filter: for each of the filter's taps, the product of the output's gradient
 * with the input as that tap sees it, over all positions and images. Training is bound by memory bandwidth here, so
 * little is moved: the input only sideways, once for a column of taps, and the gradient only up and down, once for a
 * row. A stride is taken out first: every `stride`-th pixel is an image of its own (a phase), on which a tap moves by
 * whole pixels.
 */
export const filterGradient: Kernel = ({ graph, inputs: { x, dy }, attributes }) => {
  const { filterShape } = attributes;
  const info = geometry('Conv2DBackpropFilter', x.shape, filterShape, attributes);
  const { batchSize, inChannels, outChannels, outHeight, outWidth, filterHeight, filterWidth, pads, strides } = info;
  const image = arrange(graph, x, NCHW);
  const gradient = arrange(graph, dy, NCHW);
  const phase = memoize((row: number, column: number) => everyNth(graph, image, [row, column], strides));
  const rows = sequence(filterHeight).map((tap) => seenFrom(tap - pads[0], strides[0]));
  const columns = sequence(filterWidth).map((tap) => seenFrom(tap - pads[1], strides[1]));
  const taps = rows.flatMap((row) => columns.map((column) => ({ row, column })));

  const product = (a: Edge, b: Edge): Edge => {
    const shape = [batchSize, outChannels, b.shape[1]];
    const [left, right] = [positionsJoined(graph, a), positionsJoined(graph, b)];
    const turned = { shape: [right.shape[0], right.shape[2], right.shape[1]], type: right.type };
    // On the processor both become one FusedMatMul, which WebGPU does not know.
    const [columns] = graph.node('Transpose', [right], [turned], { perm: [0, 2, 1] });
    return graph.node('MatMul', [left, columns], [{ shape, type: 'float32' }])[0];
  };
  const inOneProduct = (): Value => {
    const windows = taps.map(({ row, column }) => {
      const rowsSeen = moved(graph, phase(row.phase, column.phase), 2, -row.shift, outHeight);
      return moved(graph, rowsSeen, 3, -column.shift, outWidth);
    });
    const ofImages = product(gradient, join(graph, windows, 1));
    const summed = { shape: [outChannels, taps.length * inChannels], type: 'float32' as const };
    const [ofBatch] = graph.node('ReduceSum', [ofImages, graph.integers([0])], [summed], { keepdims: 0 });
    const edge = reshapeEdge(graph, ofBatch, [outChannels, filterHeight, filterWidth, inChannels]);
    return { edge, shape: filterShape, order: [3, 0, 1, 2] };
  };
  const tapByTap = (): Value => {
    const gradientRows = memoize((shift: number, height: number) => moved(graph, gradient, 2, shift, height));
    const imageColumns = memoize((rowPhase: number, columnPhase: number, shift: number) =>
      moved(graph, phase(rowPhase, columnPhase), 3, -shift, outWidth),
    );
    const products = taps.map(({ row, column }) => {
      const seen = imageColumns(row.phase, column.phase, column.shift);
      return product(gradientRows(row.shift, seen.shape[2]), seen);
    });
    const edge = gatherTaps(graph, join(graph, products, 0), taps.length);
    return {
      edge: reshapeEdge(graph, edge, [outChannels, inChannels, filterHeight, filterWidth]),
      shape: filterShape,
      order: OIHW,
    };
  };

  const value = taps.length * inChannels <= FEW_COLUMNS ? inOneProduct() : tapByTap();
  return { edge: arrange(graph, value, OIHW), shape: filterShape, order: OIHW };
};

/**
 * From one matrix for each tap and image to one with the taps innermost, summed over the images: a product with ones
 * and zeros, since onnxruntime sums over the first axis and moves the last one several times slower than it multiplies.
 */
function gatherTaps(graph: Graph, products: Edge, taps: number): Edge {
  const [count, rows, columns] = products.shape;
  const images = count / taps;
  const ofTap = Float32Array.from({ length: count * taps }, (_, i) =>
    Math.floor(i / taps / images) === i % taps ? 1 : 0,
  );
  const flat = graph.node(
    'Reshape',
    [products, graph.integers([count, rows * columns])],
    [{ shape: [count, rows * columns], type: 'float32' }],
  );
  const [turned] = graph.node('Transpose', flat, [{ shape: [rows * columns, count], type: 'float32' }], {
    perm: [1, 0],
  });
  const inputs = [turned, graph.constant(ofTap, [count, taps], 'float32')];
  return graph.node('MatMul', inputs, [{ shape: [rows * columns, taps], type: 'float32' }])[0];
}

const sequence = (length: number): number[] => Array.from({ length }, (_, index) => index);

/** Where a tap `offset` pixels away looks: in which phase of the image, and how many of its pixels away. */
function seenFrom(offset: number, stride: number): { phase: number; shift: number } {
  const shift = Math.floor(offset / stride);
  return { phase: offset - shift * stride, shift };
}

/** Every `strides`-th pixel of an NCHW image, from `start`. */
function everyNth(graph: Graph, image: Edge, start: number[], strides: number[]): Edge {
  if (strides.every((stride) => stride === 1)) return image;
  const [batch, channels, ...size] = image.shape;
  const shape = [batch, channels, ...size.map((length, axis) => Math.ceil((length - start[axis]) / strides[axis]))];
  const inputs = [image, ...[start, size, [2, 3], strides].map((values) => graph.integers(values))];
  return graph.node('Slice', inputs, [{ shape, type: image.type }])[0];
}

/**
 * The image moved by `shift` pixels along an axis that becomes `length` long: zeros come in, pixels beyond the end are
 * lost.
 */
function moved(graph: Graph, image: Edge, axis: number, shift: number, length: number): Edge {
  const after = length - image.shape[axis] - shift;
  if (shift === 0 && after === 0) return image;
  const shape = [...image.shape];
  shape[axis] = length;
  const padding = (amount: number) => shape.map((_, i) => (i === axis ? amount : 0));
  // Of every axis: with some alone, onnxruntime's optimiser for WebGPU mistakes them for all when it moves a Transpose.
  const inputs = [image, graph.integers([...padding(shift), ...padding(after)])];
  return graph.node('Pad', inputs, [{ shape, type: image.type }])[0];
}

/** NCHW as N, C, positions. */
const positionsJoined = (graph: Graph, image: Edge): Edge =>
  reshapeEdge(graph, image, [image.shape[0], image.shape[1], image.shape[2] * image.shape[3]]);

function join(graph: Graph, edges: readonly Edge[], axis: number): Edge {
  if (edges.length === 1) return edges[0];
  const shape = [...edges[0].shape];
  shape[axis] = edges.reduce((sum, edge) => sum + edge.shape[axis], 0);
  return graph.node('Concat', edges, [{ shape, type: edges[0].type }], { axis })[0];
}

/** Each result is made once: the same arguments give the same edge. */
function memoize<Arguments extends number[]>(make: (...args: Arguments) => Edge): (...args: Arguments) => Edge {
  const made = new Map<string, Edge>();
  return (...args) => {
    const key = args.join();
    const edge = made.get(key) ?? make(...args);
    made.set(key, edge);
    return edge;
  };
}
