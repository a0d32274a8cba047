import { slice_util, util } from '../../../tensorflow.js';
import type { Graph } from '../graph.js';
import { arrange, naturalOrder, physicalShape, reshapeEdge, sizeOf, type Value } from '../layout.js';
import { append, type Kernel, natural, scalar, unsupported } from './kernel.js';

/** Reshapes logically. Adding or removing axes of length 1 moves nothing, whatever the physical order. */
export function reshape(graph: Graph, x: Value, shape: readonly number[]): Value {
  const long = (dimensions: readonly number[]) => naturalOrder(dimensions.length).filter((a) => dimensions[a] !== 1);
  const [before, after] = [long(x.shape), long(shape)];
  const sameLongAxes = before.length === after.length && before.every((axis, i) => x.shape[axis] === shape[after[i]]);
  if (!sameLongAxes) return natural(reshapeEdge(graph, arrange(graph, x, naturalOrder(x.shape.length)), shape));
  const moved = x.order.filter((axis) => x.shape[axis] !== 1).map((axis) => after[before.indexOf(axis)]);
  let next = 0;
  const order = shape.map((dimension, axis) => (dimension === 1 ? axis : moved[next++]));
  return { edge: reshapeEdge(graph, x.edge, physicalShape(shape, order)), shape, order };
}

const reshapeKernel: Kernel = ({ graph, inputs: { x }, attributes: { shape } }) =>
  reshape(graph, x, util.inferFromImplicitShape(shape, sizeOf(x.shape)));

const expandDims: Kernel = ({ graph, inputs: { input }, attributes: { dim } }) => {
  const shape = [...input.shape];
  shape.splice(dim < 0 ? shape.length + 1 + dim : dim, 0, 1);
  return reshape(graph, input, shape);
};

/** Only the bookkeeping changes: the data stay where they are. */
const transpose: Kernel = ({ inputs: { x }, attributes: { perm } }) => ({
  edge: x.edge,
  shape: perm.map((axis: number) => x.shape[axis]),
  order: x.order.map((axis) => perm.indexOf(axis)),
});

const slice: Kernel = ({ graph, inputs: { x }, attributes }) => {
  const logical = { shape: [...x.shape], dtype: 'float32' } as Parameters<typeof slice_util.parseSliceParams>[0];
  const [begin, size] = slice_util.parseSliceParams(logical, attributes.begin, attributes.size);
  const axes = x.order.map((_, axis) => axis).filter((axis) => size[x.order[axis]] !== x.shape[x.order[axis]]);
  if (axes.length === 0) return x;
  const starts = axes.map((axis) => begin[x.order[axis]]);
  const ends = axes.map((axis, i) => starts[i] + size[x.order[axis]]);
  const inputs = [x.edge, graph.integers(starts), graph.integers(ends), graph.integers(axes)];
  return append(graph, 'Slice', inputs, { shape: size, order: x.order, type: x.edge.type });
};

const concat: Kernel = ({ graph, list: [first, ...others], attributes: { axis } }) => {
  const { order, edge } = first;
  const all = [first, ...others];
  const length = all.reduce((sum, { shape }) => sum + shape[axis], 0);
  const shape = first.shape.map((dimension, i) => (i === axis ? length : dimension));
  const edges = all.map((value) => arrange(graph, value, order));
  return append(graph, 'Concat', edges, { shape, order, type: edge.type }, { axis: order.indexOf(axis) });
};

const pads = (x: Value, paddings: readonly (readonly number[])[]) => ({
  shape: x.shape.map((dimension, axis) => paddings[axis][0] + dimension + paddings[axis][1]),
  amounts: [...x.order.map((axis) => paddings[axis][0]), ...x.order.map((axis) => paddings[axis][1])],
});

const pad: Kernel = ({ graph, inputs: { x }, attributes: { paddings, constantValue } }) => {
  const { shape, amounts } = pads(x, paddings);
  const inputs = [x.edge, graph.integers(amounts), scalar(graph, constantValue)];
  return append(graph, 'Pad', inputs, { shape, order: x.order }, { mode: 'constant' });
};

const mirrorPad: Kernel = ({ graph, inputs: { x }, attributes: { paddings, mode } }) => {
  if (mode !== 'reflect') throw unsupported('MirrorPad', `mode ${mode}; only reflect has an ONNX counterpart`);
  const { shape, amounts } = pads(x, paddings);
  return append(graph, 'Pad', [x.edge, graph.integers(amounts)], { shape, order: x.order }, { mode: 'reflect' });
};

const tile: Kernel = ({ graph, inputs: { x }, attributes: { reps } }) => {
  const shape = x.shape.map((dimension, axis) => dimension * reps[axis]);
  const repeats = graph.integers(x.order.map((axis) => reps[axis]));
  return append(graph, 'Tile', [x.edge, repeats], { shape, order: x.order, type: x.edge.type });
};

const filled = (graph: Graph, x: Pick<Value, 'shape' | 'order'>, value: number): Value => {
  const shape = graph.integers(physicalShape(x.shape, x.order));
  return append(graph, 'Expand', [scalar(graph, value), shape], x);
};

const fill: Kernel = ({ graph, attributes: { shape, value } }) => {
  if (sizeOf(shape) === 1) {
    const edge = graph.constant(Float32Array.of(value), shape, 'float32');
    return natural(edge);
  }
  return filled(graph, { shape, order: naturalOrder(shape.length) }, value);
};

export const shape: Record<string, Kernel> = {
  Reshape: reshapeKernel,
  ExpandDims: expandDims,
  Transpose: transpose,
  Slice: slice,
  Concat: concat,
  PadV2: pad,
  MirrorPad: mirrorPad,
  Tile: tile,
  Fill: fill,
  ZerosLike: ({ graph, inputs: { x } }) => filled(graph, x, 0),
  OnesLike: ({ graph, inputs: { x } }) => filled(graph, x, 1),
};
