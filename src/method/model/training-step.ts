import { add, clone, keep, mul, type Scalar, type Tensor, type Tensor4D, valueAndGrads } from '../tensorflow.js';
import type { Network } from './backbone.js';
import { learning } from './convolution.js';
import { distillationLoss } from './distillation.js';
import type { Optimiser } from './optimiser.js';
import { shapesOfParameters } from './parameters.js';

type Tensors = Record<string, Tensor>;

/** The weight of a new batch in the running statistics, as in PyTorch. */
const MOMENTUM = 0.1;

/** The name under which an optimiser's slot of a parameter is kept beside the weights. */
export const slotName = (slot: string, parameter: string): string => `${slot}/${parameter}`;

/**
 * One step of training as a pure function: the student's forward pass, the loss, its gradients, the optimiser and the
 * running statistics of batch normalisation.
 *
 * @param x what the student's `network` reads
 * @param teachers the teacher's normalised feature maps of the same images
 * @param state the student's weights and the optimiser's slots (`slotName`)
 * @returns the loss and the next state, by the same names
 */
export function trainingStep(
  x: Tensor4D,
  network: Network,
  teachers: readonly Tensor4D[],
  state: Tensors,
  optimiser: Optimiser,
  { step, learningRate }: { step: Scalar; learningRate: Scalar },
): Tensors {
  const names = Object.keys(shapesOfParameters()).filter((name) => name in state);
  const next: Tensors = {};
  const lossOf = (...parameters: Tensor[]): Scalar => {
    const weights = Object.fromEntries(names.map((name, i) => [name, parameters[i]]));
    const convolve = learning(weights, (batchNorm, { mean, variance, count }) => {
      next[`${batchNorm}.running_mean`] = blend(state[`${batchNorm}.running_mean`], mean);
      next[`${batchNorm}.running_var`] = blend(state[`${batchNorm}.running_var`], mul(variance, count / (count - 1)));
    });
    return distillationLoss(network(x, convolve), teachers);
  };
  const { value, grads } = valueAndGrads(lossOf)(names.map((name) => state[name]));
  for (const name of Object.keys(next)) next[name] = released(next[name]);
  names.forEach((name, i) => {
    const slots = Object.fromEntries(optimiser.slots.map((slot) => [slot, state[slotName(slot, name)]]));
    const updated = optimiser.update(state[name], grads[i], slots, step, learningRate);
    next[name] = updated.parameter;
    for (const slot of optimiser.slots) next[slotName(slot, name)] = updated.slots[slot];
  });
  return { ...next, loss: value };
}

/** Kept beyond the tidy of `valueAndGrads`, which would take away all but its own results. */
const blend = (running: Tensor, observed: Tensor): Tensor =>
  keep(add(mul(running, 1 - MOMENTUM), mul(observed, MOMENTUM)));

function released(kept: Tensor): Tensor {
  const tensor = clone(kept);
  kept.dispose();
  return tensor;
}
