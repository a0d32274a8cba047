import type { Edge, Graph } from './graph.js';

/**
 * A TensorFlow.js tensor inside the graph. TensorFlow.js sees `shape` (NHWC images, HWIO filters); the graph holds the
 * same numbers with the axes in another order (NCHW, OIHW): physical axis `i` is logical axis `order[i]`. Kernels pass
 * the order on, so a transposition costs nothing until an operator needs the data in another one.
 */
export interface Value {
  readonly edge: Edge;
  readonly shape: readonly number[];
  readonly order: readonly number[];
}

/** Physical orders that ONNX's convolutions and pools ask for. */
export const NCHW = [0, 3, 1, 2] as const;
export const OIHW = [3, 2, 0, 1] as const;

export const naturalOrder = (rank: number): number[] => Array.from({ length: rank }, (_, axis) => axis);
export const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);
export const physicalShape = (shape: readonly number[], order: readonly number[]): number[] =>
  order.map((axis) => shape[axis]);

export const sameOrder = (a: readonly number[], b: readonly number[]): boolean =>
  a.length === b.length && a.every((axis, index) => axis === b[index]);

/** The axes longer than 1, in physical sequence: two orders that agree on them hold the same bytes. */
const longAxes = (shape: readonly number[], order: readonly number[]): number[] =>
  order.filter((axis) => shape[axis] !== 1);

/** `value` as an edge whose physical axes come in `order`; emits a Transpose only when bytes have to move. */
export function arrange(graph: Graph, value: Value, order: readonly number[]): Edge {
  if (sameOrder(value.order, order)) return value.edge;
  const { shape, edge } = value;
  const target = physicalShape(shape, order);
  if (sameOrder(longAxes(shape, value.order), longAxes(shape, order))) return reshapeEdge(graph, edge, target);
  const permutation = order.map((axis) => value.order.indexOf(axis));
  return graph.node('Transpose', [edge], [{ shape: target, type: edge.type }], { perm: permutation })[0];
}

/**
 * Changes the physical shape. The first dimension is copied from the input, or inferred where it changes, so that a
 * batch may be symbolic.
 */
export function reshapeEdge(graph: Graph, edge: Edge, shape: readonly number[]): Edge {
  if (edge.shape.length === shape.length && edge.shape.every((dimension, axis) => dimension === shape[axis]))
    return edge;
  const constant = graph.reshapedConstant(edge, shape);
  if (constant) return constant;
  const [first] = shape;
  const target = shape.length === 0 ? [] : [first === edge.shape[0] ? 0 : -1, ...shape.slice(1)];
  return graph.node('Reshape', [edge, graph.integers(target)], [{ shape, type: edge.type }])[0];
}

/**
 * `value` as an operand of an element-wise operator whose result has `order`. TensorFlow.js and ONNX both broadcast by
 * putting ones in front of the shorter shape, but a channel vector belongs beside the C of NCHW, not at the end.
 */
export function arrangeOperand(graph: Graph, value: Value, order: readonly number[]): Edge {
  const missing = order.length - value.shape.length;
  const shape = [...Array<number>(missing).fill(1), ...value.shape];
  const ownOrder = [...naturalOrder(missing), ...value.order.map((axis) => axis + missing)];
  const target = physicalShape(shape, order);
  if (!sameOrder(longAxes(shape, ownOrder), longAxes(shape, order))) {
    const edge = reshapeEdge(graph, value.edge, physicalShape(shape, ownOrder));
    return arrange(graph, { edge, shape, order: ownOrder }, order);
  }
  return sameOrder(withoutLeadingOnes(target), withoutLeadingOnes(value.edge.shape))
    ? value.edge
    : reshapeEdge(graph, value.edge, target);
}

function withoutLeadingOnes(shape: readonly number[]): readonly number[] {
  const first = shape.findIndex((dimension) => dimension !== 1);
  return first < 0 ? [] : shape.slice(first);
}
