import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { bodyConvolutions, type Convolution, convolutions } from './backbone.js';
import { BATCH_NORM_EPSILON } from './batch-norm.js';
import type { Weight, Weights } from './weights.js';

type Shapes = Record<string, readonly number[]>;

const filterShape = ({ inChannels, outChannels, size }: Convolution) => [outChannels, inChannels, size, size];

/** What gradient descent changes: filters, and scale and shift of batch normalisation, by torchvision's names. */
export function shapesOfParameters(of: readonly Convolution[] = convolutions): Shapes {
  const shapes: Shapes = {};
  for (const convolution of of) {
    const { name, batchNorm, outChannels } = convolution;
    shapes[`${name}.weight`] = filterShape(convolution);
    shapes[`${batchNorm}.weight`] = [outChannels];
    shapes[`${batchNorm}.bias`] = [outChannels];
  }
  return shapes;
}

/** The running mean and variance of every batch normalisation. */
export function shapesOfStatistics(of: readonly Convolution[] = convolutions): Shapes {
  const shapes: Shapes = {};
  for (const { batchNorm, outChannels } of of) {
    shapes[`${batchNorm}.running_mean`] = [outChannels];
    shapes[`${batchNorm}.running_var`] = [outChannels];
  }
  return shapes;
}

/** A student: torchvision's state dictionary up to layer3, of these convolutions. */
export const shapesOfStudent = (of: readonly Convolution[] = convolutions): Shapes => ({
  ...shapesOfParameters(of),
  ...shapesOfStatistics(of),
});

/** A frozen network: one weight and one bias a convolution. */
export function shapesOfFolded(of: readonly Convolution[] = convolutions): Shapes {
  const shapes: Shapes = {};
  for (const convolution of of) {
    shapes[`${convolution.name}.weight`] = filterShape(convolution);
    shapes[`${convolution.name}.bias`] = [convolution.outChannels];
  }
  return shapes;
}

const filled = (shape: readonly number[], value: number): Weight => ({
  shape,
  data: new Float32Array(shape.reduce((product, n) => product * n, 1)).fill(value),
});

/**
 * A student at random: filters after He et al. 2015 (https://arxiv.org/abs/1502.01852, fan-out), batch normalisation as
 * the identity. The same seed gives the same weights.
 *
 * @param sharedStem leaves out the stem: the student goes on from the teacher's
 */
export function initialiseStudent(seed: number, { sharedStem = false } = {}): Weights {
  const normal = normalDistribution(seed);
  const weights: Record<string, Weight> = {};
  for (const [name, shape] of Object.entries(shapesOfStudent(sharedStem ? bodyConvolutions : convolutions))) {
    if (shape.length === 4) {
      const deviation = Math.sqrt(2 / (shape[0] * shape[2] * shape[3]));
      const weight = filled(shape, 0);
      for (let i = 0; i < weight.data.length; i++) weight.data[i] = deviation * normal();
      weights[name] = weight;
    } else {
      weights[name] = filled(shape, name.endsWith('.weight') || name.endsWith('.running_var') ? 1 : 0);
    }
  }
  return weights;
}

/** Standard normal numbers (Box and Muller). */
function normalDistribution(seed: number): () => number {
  const generator = xoroshiro128plus(seed);
  const uniform = () => ((generator.next() >>> 0) + 0.5) / 2 ** 32;
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** True for a student that has no stem of its own. */
export const sharesStem = (student: object): boolean => !('conv1.weight' in student);

/** Folds each batch normalisation into the convolution before it, by the running statistics: what inference needs. */
export function foldBatchNorm(weights: Weights): Weights {
  const folded: Record<string, Weight> = {};
  for (const { name, batchNorm, outChannels } of sharesStem(weights) ? bodyConvolutions : convolutions) {
    const filter = weights[`${name}.weight`];
    const part = (key: string) => weights[`${batchNorm}.${key}`].data;
    const [gamma, beta, mean, variance] = ['weight', 'bias', 'running_mean', 'running_var'].map(part);
    const weight = filled(filter.shape, 0);
    const bias = filled([outChannels], 0);
    const perChannel = filter.data.length / outChannels;
    for (let channel = 0; channel < outChannels; channel++) {
      const scale = gamma[channel] / Math.sqrt(variance[channel] + BATCH_NORM_EPSILON);
      bias.data[channel] = beta[channel] - mean[channel] * scale;
      const end = (channel + 1) * perChannel;
      for (let i = channel * perChannel; i < end; i++) weight.data[i] = filter.data[i] * scale;
    }
    folded[`${name}.weight`] = weight;
    folded[`${name}.bias`] = bias;
  }
  return folded;
}
