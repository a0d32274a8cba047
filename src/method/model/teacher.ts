import { KdadError } from '../../common/errors.js';
import { convolutions } from './backbone.js';
import { foldBatchNorm, shapesOfFolded, shapesOfStudent } from './parameters.js';
import type { Weights } from './weights.js';

/**
 * A teacher's weights with batch normalisation folded in, from a file in any of the forms in use: folded already (a
 * weight and a bias a convolution), or torchvision's and timm's names with batch normalisation apart. Other layers in
 * it (layer4, fc) are left out.
 * @param name of the file, for errors
 * @throws KdadError WEIGHTS_INVALID
 */
export function teacherFrom(weights: Weights, name: string): Weights {
  const folded = `${convolutions[0].name}.bias` in weights;
  const expected = folded ? shapesOfFolded() : shapesOfStudent();
  checkShapes(weights, expected, name);
  return folded ? pick(weights, Object.keys(expected)) : foldBatchNorm(weights);
}

/**
 * Makes sure that every tensor in `expected` is there with its shape.
 * @throws KdadError WEIGHTS_INVALID naming what is missing or different
 */
export function checkShapes(
  weights: Weights,
  expected: Readonly<Record<string, readonly number[]>>,
  name: string,
): void {
  const missing = Object.keys(expected).filter((key) => !(key in weights));
  if (missing.length > 0) {
    const shown = missing.slice(0, 3).join(', ') + (missing.length > 3 ? ` and ${missing.length - 3} more` : '');
    throw new KdadError('WEIGHTS_INVALID', `${name} is not a ResNet-18: it lacks ${shown}`);
  }
  for (const [key, shape] of Object.entries(expected)) {
    const actual = weights[key].shape;
    if (actual.join() !== shape.join()) {
      throw new KdadError('WEIGHTS_INVALID', `${name}: ${key} has shape [${actual}]; ResNet-18 has [${shape}]`);
    }
  }
}

const pick = (weights: Weights, names: readonly string[]): Weights =>
  Object.fromEntries(names.map((name) => [name, weights[name]]));
