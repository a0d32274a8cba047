import { add, conv2d, type Tensor, type Tensor1D, type Tensor4D, transpose } from '../tensorflow.js';
import type { Convolution } from './backbone.js';
import { batchNormalise, type Statistics, statistics } from './batch-norm.js';

type Tensors = Readonly<Record<string, Tensor>>;

/** A convolution as PyTorch defines it: weights in OIHW, `size / 2` zeros on every side. */
function convolve(x: Tensor4D, weights: Tensors, { name, size, stride }: Convolution): Tensor4D {
  const filter = transpose(weights[`${name}.weight`] as Tensor4D, [2, 3, 1, 0]);
  return conv2d(x, filter, stride, Math.floor(size / 2));
}

/** For `backbone`: a frozen network, its batch normalisation folded into weight and bias. */
export const frozen =
  (weights: Tensors) =>
  (x: Tensor4D, convolution: Convolution): Tensor4D =>
    add(convolve(x, weights, convolution), weights[`${convolution.name}.bias`]);

/**
 * For `backbone`: a network in training, normalised by the statistics of its own batch.
 * @param observe is told the statistics of each batch normalisation, by its name
 */
export const learning =
  (weights: Tensors, observe: (batchNorm: string, observed: Statistics) => void) =>
  (x: Tensor4D, convolution: Convolution): Tensor4D => {
    const y = convolve(x, weights, convolution);
    const observed = statistics(y);
    const { batchNorm } = convolution;
    observe(batchNorm, observed);
    const gamma = weights[`${batchNorm}.weight`] as Tensor1D;
    return batchNormalise(y, gamma, weights[`${batchNorm}.bias`] as Tensor1D, observed);
  };
