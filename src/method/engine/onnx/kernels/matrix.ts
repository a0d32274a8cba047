import { arrange, naturalOrder, type Value } from '../layout.js';
import { append, type Kernel, type KernelOfSeveral } from './kernel.js';

/** Products of matrices; all axes but the last two are a batch. */
const matMul: Kernel = ({ graph, inputs: { a, b }, attributes: { transposeA, transposeB } }) => {
  const [left, right] = [transposed(a, transposeA), transposed(b, transposeB)];
  const rank = left.shape.length;
  const shape = [...left.shape.slice(0, rank - 1), right.shape[right.shape.length - 1]];
  const inputs = [left, right].map((value) => arrange(graph, value, naturalOrder(value.shape.length)));
  return append(graph, 'MatMul', inputs, { shape, order: naturalOrder(rank) });
};

/** Only the bookkeeping changes. */
function transposed({ edge, shape, order }: Value, wanted: boolean): Value {
  if (!wanted) return { edge, shape, order };
  const last = shape.length - 1;
  const swap = (axis: number) => (axis === last ? last - 1 : axis === last - 1 ? last : axis);
  return { edge, shape: shape.map((_, axis) => shape[swap(axis)]), order: order.map(swap) };
}

/** The largest values along the last axis, in falling order, and where they are. */
const topK: KernelOfSeveral = ({ graph, inputs: { x }, attributes: { k, sorted } }) => {
  const shape = [...x.shape.slice(0, -1), k];
  const outputs = [
    { shape, type: 'float32' },
    { shape, type: 'int64' },
  ] as const;
  const order = naturalOrder(shape.length);
  const inputs = [arrange(graph, x, order), graph.integers([k])];
  return graph.node('TopK', inputs, outputs, { sorted: sorted ? 1 : 0 }).map((edge) => ({ edge, shape, order }));
};

export const matrix = { BatchMatMul: matMul, TopK: topK };
