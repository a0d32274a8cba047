import { uniformInt } from 'pure-rand/distribution/uniformInt';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { KdadError } from '../../common/errors.js';

export interface Split {
  readonly training: string[];
  readonly validation: string[];
}

/** With fewer held out, the threshold would rest on no more than a guess. */
const fewestHeld = 4;
const fewestImages = 2 * fewestHeld;

/**
 * Splits good images at random, but always alike for the same images and seed, whatever their order.
 *
 * @param validationFraction part of the images held back, rounded down, at least four images
 * @returns two disjoint lists, each sorted by code unit
 * @throws KdadError DATASET_INVALID with fewer than eight images
 */
export function splitGood(
  paths: readonly string[],
  { seed, validationFraction = 0.2 }: { readonly seed: number; readonly validationFraction?: number },
): Split {
  if (paths.length < fewestImages) {
    throw new KdadError(
      'DATASET_INVALID',
      `${paths.length} good image${paths.length === 1 ? '' : 's'} found; training needs at least ${fewestImages}, and 50 or more to be reliable`,
    );
  }
  const shuffled = shuffle([...paths].sort(), seed);
  const held = Math.min(paths.length - 1, Math.max(fewestHeld, Math.floor(validationFraction * paths.length)));
  return { validation: shuffled.slice(0, held).sort(), training: shuffled.slice(held).sort() };
}

/**
 * A shuffled copy (Fisher-Yates), the same on every machine for the same seed and round.
 *
 * @param round tells apart the shuffles of one run, such as its epochs
 */
export function shuffle<Item>(items: readonly Item[], seed: number, round = 0): Item[] {
  // The multiplier (2^32 over the golden ratio) spreads the rounds, so that seed 0's round 1 is not seed 1's round 0.
  const random = xoroshiro128plus((seed + Math.imul(round, 0x9e3779b1)) | 0);
  const shuffled = [...items];
  for (let last = shuffled.length - 1; last > 0; last--) {
    const other = uniformInt(random, 0, last);
    [shuffled[last], shuffled[other]] = [shuffled[other], shuffled[last]];
  }
  return shuffled;
}
