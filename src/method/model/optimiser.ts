import { add, div, mul, pow, type Scalar, sqrt, square, sub, type Tensor } from '../tensorflow.js';

/** Parameters, their gradients, or what an optimiser remembers of each, by name. */
export type Parameters = Readonly<Record<string, Tensor>>;

/** An optimiser as a pure function: what it remembers goes in and comes out. */
export interface Optimiser {
  /** Names of what it remembers of every parameter, each in the parameter's shape and zero at first. */
  readonly slots: readonly string[];
  /**
   * One step for one parameter.
   * @param step counts from 1
   */
  update(
    parameter: Tensor,
    gradient: Tensor,
    slots: Readonly<Record<string, Tensor>>,
    step: Scalar,
    learningRate: Scalar,
  ): { parameter: Tensor; slots: Record<string, Tensor> };
}

/**
 * Adam with bias correction: Kingma and Ba 2014, https://arxiv.org/abs/1412.6980, in the form of its section 2's last
 * lines.
 */
export function adam({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8 } = {}): Optimiser {
  return {
    slots: ['firstMoment', 'secondMoment'],
    update(parameter, gradient, { firstMoment, secondMoment }, step, learningRate) {
      const first = add(mul(firstMoment, beta1), mul(gradient, 1 - beta1));
      const second = add(mul(secondMoment, beta2), mul(square(gradient), 1 - beta2));
      const secondCorrection = sqrt(sub(1, pow(beta2, step)));
      const rate = mul(learningRate, div(secondCorrection, sub(1, pow(beta1, step))));
      const change = div(mul(first, rate), add(sqrt(second), mul(epsilon, secondCorrection)));
      return { parameter: sub(parameter, change), slots: { firstMoment: first, secondMoment: second } };
    },
  };
}

/** Stochastic gradient descent with momentum and weight decay, as PyTorch defines them. */
export function sgd({ momentum = 0.9, weightDecay = 0 } = {}): Optimiser {
  return {
    slots: ['velocity'],
    update(parameter, gradient, { velocity }, _step, learningRate) {
      const decayed = weightDecay > 0 ? add(gradient, mul(parameter, weightDecay)) : gradient;
      const next = add(mul(velocity, momentum), decayed);
      return { parameter: sub(parameter, mul(next, learningRate)), slots: { velocity: next } };
    },
  };
}
