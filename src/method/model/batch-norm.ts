import {
  add,
  batchNorm,
  customGrad,
  div,
  mean,
  mul,
  neg,
  sqrt,
  square,
  sub,
  sum,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
} from '../tensorflow.js';

/** Added to the variance, as in PyTorch. */
export const BATCH_NORM_EPSILON = 1e-5;

/** Mean and (biased) variance of every channel over a batch. */
export interface Statistics {
  readonly mean: Tensor1D;
  readonly variance: Tensor1D;
  /** How many values each was taken from: batch x height x width. */
  readonly count: number;
}

/** From the means of x and of its square, so that the image is read once for each. */
export function statistics(x: Tensor4D): Statistics {
  const average = mean<Tensor1D>(x, [0, 1, 2]);
  const ofSquares = mean<Tensor1D>(square(x), [0, 1, 2]);
  const [batch, height, width] = x.shape;
  return { mean: average, variance: sub(ofSquares, square(average)), count: batch * height * width };
}

/**
 * Batch normalisation by statistics that were taken from `x` itself (Ioffe and Szegedy 2015,
 * https://arxiv.org/abs/1502.03167). The gradient accounts for that, in the closed form dx = A * dy + B * x + C with
 * one A, B, C a channel: training is bound by memory bandwidth here, and the derivation operation by operation would
 * read the image a dozen times.
 */
export function batchNormalise(x: Tensor4D, gamma: Tensor1D, beta: Tensor1D, observed: Statistics): Tensor4D {
  const { mean: average, variance, count } = observed;
  const inverse: Tensor1D = div(1, sqrt(add(variance, BATCH_NORM_EPSILON)));
  const normalise = customGrad((...inputs: unknown[]) => {
    const [image, scale, shift, save] = inputs as [Tensor4D, Tensor1D, Tensor1D, (tensors: Tensor[]) => void];
    save([image, scale, inverse, average]);
    const value = batchNorm(image, average, variance, shift, scale, BATCH_NORM_EPSILON) as Tensor4D;
    const gradFunc = (dy: Tensor, saved: Tensor[]) => {
      const [savedImage, savedScale, savedInverse, savedMean] = saved as [Tensor4D, Tensor1D, Tensor1D, Tensor1D];
      const sumOfGradient = sum<Tensor1D>(dy, [0, 1, 2]);
      const sumOfProduct = sum<Tensor1D>(mul(dy, savedImage), [0, 1, 2]);
      const dScale: Tensor1D = mul(savedInverse, sub(sumOfProduct, mul(savedMean, sumOfGradient)));
      const a = mul(savedScale, savedInverse);
      const b = div(neg(mul(mul(a, savedInverse), dScale)), count);
      const c = sub(div(neg(mul(a, sumOfGradient)), count), mul(b, savedMean));
      return [add(add(mul(dy, a), mul(savedImage, b)), c), dScale, sumOfGradient];
    };
    return { value, gradFunc };
  });
  return normalise(x, gamma, beta) as Tensor4D;
}
