import {
  add,
  avgPool,
  conv2d,
  image,
  min,
  mul,
  relu,
  type Tensor,
  type Tensor1D,
  type Tensor4D,
  transpose,
} from '../tensorflow.js';
import { gaussianBlur } from './blur.js';
import { normaliseFeatures } from './distillation.js';

/** Standard deviation of the blur of each layer's distances, in its cells. */
const BLUR = 0.5;

/** How many cells of its grid a patch is wide, and the input's pixels a cell; layer1 and layer2 share a grid. */
const PATCH = 3;
export const patchGrids = [
  { channels: 64, stride: 8 },
  { channels: 128, stride: 8 },
  { channels: 256, stride: 16 },
] as const;

/**
 * The teacher's features as patches (PatchCore, https://arxiv.org/abs/2106.08265): averaged over 3 x 3 cells, so that a
 * patch knows its surroundings and a small shift changes little; of length 1, so that contrast says nothing.
 *
 * @param teachers feature maps of layer1 to layer3
 * @returns batch x height x width x channels of `patchGrids`
 */
export function patches(teachers: readonly Tensor4D[]): Tensor4D[] {
  return teachers.map((features, layer) => {
    // Layer1 has twice the cells that the grid has.
    const pooled = avgPool<Tensor4D>(features, PATCH, layer === 0 ? 2 : 1, 'same');
    return normaliseFeatures(pooled);
  });
}

/**
 * What a memory knows of one layer: filter and bias of the convolution that gives every patch's squared distance to
 * every prototype.
 */
export interface Recollection {
  /** -2 times the prototypes: prototypes x channels x 1 x 1. */
  readonly filter: Tensor;
  /** 1 and the squared length of each prototype: a patch has length 1. */
  readonly bias: Tensor;
}

/** The squared distance of every patch to the nearest prototype: batch x height x width x 1. */
export function nearest(patch: Tensor4D, { filter, bias }: Recollection): Tensor4D {
  const distances = add(conv2d(patch, transpose(filter as Tensor4D, [2, 3, 1, 0]), 1, 'valid'), bias as Tensor1D);
  return relu(min<Tensor4D>(distances, 3, true));
}

/** The distances of a layer as a map of another size: slightly blurred, then enlarged. */
export function memoryMap(distances: Tensor4D, size: readonly [number, number]): Tensor4D {
  const [, height, width] = distances.shape;
  const blurred = gaussianBlur(distances, BLUR);
  if (height === size[0] && width === size[1]) return blurred;
  return image.resizeBilinear(blurred, [...size], false, true);
}

/** Maps of the same size, each times its weight, added up. */
export function weightedSum(maps: readonly Tensor4D[], weights: readonly Tensor[]): Tensor4D {
  return maps.map((map, i) => mul<Tensor4D>(map, weights[i])).reduce((sum, map) => add(sum, map));
}
