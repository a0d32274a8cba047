import { util } from '../../../tensorflow.js';
import type { Value } from '../layout.js';
import { append, type Kernel, type KernelCall } from './kernel.js';

/** Reduces logical `axes`; the axes that stay keep their physical sequence. */
function reduce({ graph, attributes }: KernelCall, operator: string, x: Value, axis: number | number[]): Value {
  const axes = util.parseAxisParam(axis, [...x.shape]);
  const physicalAxes = axes.map((logical) => x.order.indexOf(logical)).sort((a, b) => a - b);
  const keepDims = Boolean(attributes.keepDims);
  const inputs = [x.edge, graph.integers(physicalAxes)];
  const flags = { keepdims: keepDims ? 1 : 0 };
  if (keepDims) {
    const shape = x.shape.map((dimension, logical) => (axes.includes(logical) ? 1 : dimension));
    return append(graph, operator, inputs, { shape, order: x.order }, flags);
  }
  const kept = x.shape.map((_, logical) => logical).filter((logical) => !axes.includes(logical));
  const shape = kept.map((logical) => x.shape[logical]);
  const order = x.order.filter((logical) => !axes.includes(logical)).map((logical) => kept.indexOf(logical));
  return append(graph, operator, inputs, { shape, order }, flags);
}

export const reduction: Record<string, Kernel> = {
  Sum: (call) => reduce(call, 'ReduceSum', call.inputs.x, call.attributes.axis),
  Mean: (call) => reduce(call, 'ReduceMean', call.inputs.x, call.attributes.axis),
  Max: (call) => reduce(call, 'ReduceMax', call.inputs.x, call.attributes.reductionIndices),
  Min: (call) => reduce(call, 'ReduceMin', call.inputs.x, call.attributes.axis),
};
