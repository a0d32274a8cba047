import { backend_util } from '../../../tensorflow.js';
import type { ElementType } from '../graph.js';
import { arrangeOperand, naturalOrder, sizeOf, type Value } from '../layout.js';
import { append, type Kernel, type KernelCall, scalar } from './kernel.js';

/**
 * The order in which an element-wise result is held: that of its largest full-rank operand, so that it need not move.
 */
function resultOrder(operands: readonly Value[], rank: number): readonly number[] {
  const full = operands.filter((operand) => operand.shape.length === rank);
  full.sort((a, b) => sizeOf(b.shape) - sizeOf(a.shape));
  return full[0]?.order ?? naturalOrder(rank);
}

function broadcast({ graph }: KernelCall, operator: string, operands: readonly Value[], type?: ElementType): Value {
  const shape = operands
    .map((operand) => [...operand.shape])
    .reduce((a, b) => backend_util.assertAndGetBroadcastShape(a, b));
  const order = resultOrder(operands, shape.length);
  const edges = operands.map((operand) => arrangeOperand(graph, operand, order));
  return append(graph, operator, edges, { shape, order, type: type ?? operands[operands.length - 1].edge.type });
}

const binary =
  (operator: string, type?: ElementType): Kernel =>
  (call) =>
    broadcast(call, operator, [call.inputs.a, call.inputs.b], type);

const unary =
  (operator: string): Kernel =>
  ({ graph, inputs: { x } }) =>
    append(graph, operator, [x.edge], { ...x, type: x.edge.type });

const square: Kernel = ({ graph, inputs: { x } }) =>
  append(graph, 'Mul', [x.edge, x.edge], { ...x, type: x.edge.type });

/** 1 where x > 0, `alpha` elsewhere: the derivative of ReLU with alpha 0. */
const step: Kernel = ({ graph, inputs: { x }, attributes: { alpha } }) => {
  const positive = append(graph, 'Greater', [x.edge, scalar(graph, 0)], { ...x, type: 'bool' });
  if (!alpha) return append(graph, 'Cast', [positive.edge], x, { to: 1 });
  return append(graph, 'Where', [positive.edge, scalar(graph, 1), scalar(graph, alpha)], x);
};

const castTargets: Record<string, [ElementType, number]> = {
  float32: ['float32', 1],
  int32: ['int32', 6],
  bool: ['bool', 9],
};

const cast: Kernel = ({ graph, inputs: { x }, attributes: { dtype } }) => {
  const [type, to] = castTargets[dtype];
  return x.edge.type === type ? x : append(graph, 'Cast', [x.edge], { ...x, type }, { to });
};

const addN: Kernel = ({ graph, list }) => {
  const [{ shape, order }] = list;
  const edges = list.map((value) => arrangeOperand(graph, value, order));
  return append(graph, 'Sum', edges, { shape, order });
};

const squaredDifference: Kernel = (call) => {
  const difference = broadcast(call, 'Sub', [call.inputs.a, call.inputs.b]);
  return append(call.graph, 'Mul', [difference.edge, difference.edge], difference);
};

const rsqrt: Kernel = ({ graph, inputs: { x } }) => {
  const root = append(graph, 'Sqrt', [x.edge], x);
  return append(graph, 'Reciprocal', [root.edge], x);
};

const select: Kernel = (call) => {
  const { condition, t, e } = call.inputs;
  return broadcast(call, 'Where', [condition, t, e]);
};

/** The same value under another id: TensorFlow.js clones what it saves for the gradient. */
const identity: Kernel = ({ inputs: { x } }) => x;

export const elementwise: Record<string, Kernel> = {
  Add: binary('Add'),
  Sub: binary('Sub'),
  Multiply: binary('Mul'),
  RealDiv: binary('Div'),
  Maximum: binary('Max'),
  Minimum: binary('Min'),
  Pow: binary('Pow'),
  Greater: binary('Greater', 'bool'),
  GreaterEqual: binary('GreaterOrEqual', 'bool'),
  Less: binary('Less', 'bool'),
  LessEqual: binary('LessOrEqual', 'bool'),
  LogicalAnd: binary('And', 'bool'),
  LogicalNot: unary('Not'),
  SquaredDifference: squaredDifference,
  AddN: addN,
  Select: select,
  Abs: unary('Abs'),
  Exp: unary('Exp'),
  Log: unary('Log'),
  Neg: unary('Neg'),
  Relu: unary('Relu'),
  Sigmoid: unary('Sigmoid'),
  Sqrt: unary('Sqrt'),
  Rsqrt: rsqrt,
  Square: square,
  Step: step,
  Cast: cast,
  Identity: identity,
};
