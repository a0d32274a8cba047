import { join as joinPath } from 'node:path';
import { KdadError } from '../../common/errors.js';
import { LARGEST_SIDE } from '../../method/bundle/manifest.js';
import { loadImages, surveyImages } from '../../method/images/load-images.js';
import { imagenetPreprocessing, type Preprocessing } from '../../method/images/preprocessing.js';
import { shapeOf } from '../../method/images/shape.js';
import { frameOf, tileCount } from '../../method/images/tiles.js';
import { degradedCopies } from '../augmentation/degrade.js';
import { findDataset } from '../dataset/dataset.js';
import { type Split, splitGood } from '../dataset/split.js';
import { epochsFor } from '../distillation/schedule.js';
import { foldImages, type GoodImage } from '../memory/folds.js';
import type { Recipe } from './recipes.js';
import type { TrainOptions } from './train-options.js';

/** What a training is about to learn, and how. */
export interface Prepared {
  /** The dataset's folder. */
  readonly root: string;
  /** All good images, by their paths in it. */
  readonly good: readonly string[];
  readonly split: Split;
  readonly recipe: Recipe;
  readonly preprocessing: Preprocessing;
  /** Images that were padded, as they have another shape than most. */
  readonly padded?: number;
  readonly images: readonly GoodImage[];
}

/**
 * Finds the good images, decides on the shape of the frames, and decodes them.
 * @throws KdadError DATASET_INVALID, IMAGE_UNREADABLE, USAGE, INTERRUPTED
 */
export async function prepare(options: TrainOptions): Promise<Prepared> {
  const { data, seed } = options;
  const { root, good: found } = await findDataset(data);
  const good = without(found, options.exclude, root);
  const split = splitGood(good, { seed });
  const { preprocessing, padded } = await framesFor(root, good, options);
  const recipe = {
    ...withFalseAlarms(options.recipe, options.falseAlarms),
    epochs: options.epochs ?? epochsFor(options.recipe, split.training.length * tileCount(preprocessing.tiles)),
  };
  const images = await load(root, split, recipe, preprocessing, options);
  return { root, good, split, recipe, preprocessing, padded, images };
}

/** @throws KdadError DATASET_INVALID for names that are not there */
function without(good: readonly string[], exclude: readonly string[] = [], root: string): readonly string[] {
  const excluded = new Set(exclude);
  const unknown = exclude.filter((name) => !good.includes(name));
  if (unknown.length > 0) {
    const named = unknown.slice(0, 5).join(', ') + (unknown.length > 5 ? ` and ${unknown.length - 5} more` : '');
    throw new KdadError('DATASET_INVALID', `${root}: no good images ${named}, which were to be left out`);
  }
  return good.filter((name) => !excluded.has(name));
}

/** @throws KdadError USAGE where the recipe's threshold does not go by a rate of false alarms */
function withFalseAlarms(recipe: Recipe, falseAlarms: number | undefined): Recipe {
  if (falseAlarms === undefined) return recipe;
  const { rule, parameters } = recipe.threshold;
  if (!('falseAlarms' in parameters)) {
    throw new KdadError('USAGE', `recipe ${recipe.name}: its threshold (${rule}) knows no rate of false alarms`);
  }
  return { ...recipe, threshold: { rule, parameters: { ...parameters, falseAlarms } } };
}

/** The shape of the frames, and what the samples of 16-bit files mean, from all good images. */
async function framesFor(
  root: string,
  good: readonly string[],
  { preprocessing, size, tiles, recipe, signal, onProgress }: TrainOptions,
): Promise<{ preprocessing: Preprocessing; padded?: number }> {
  const paths = good.map((name) => joinPath(root, name));
  const { sizes, sampleBits } = await surveyImages(paths, { signal }).catch(interrupted);
  if (sampleBits !== null) onProgress?.({ stage: 'samples', bits: sampleBits });
  if (preprocessing) return { preprocessing: { ...preprocessing, sampleBits } };
  // Where some cannot be read, loading says so of all of them.
  if (sizes.length < good.length) return { preprocessing: imagenetPreprocessing };
  const shape = shapeOf(sizes, size ?? (recipe.size && frameOf(recipe.size, tiles)), tiles);
  if (Math.max(...shape.size) > LARGEST_SIDE) {
    const [height, width] = shape.size;
    throw new KdadError('USAGE', `frames of ${width} x ${height}: expected ${LARGEST_SIDE} at most; take fewer tiles`);
  }
  onProgress?.({ stage: 'shape', images: good.length, ...shape });
  const { aspect, padded } = shape;
  return { preprocessing: { ...imagenetPreprocessing, size: shape.size, aspect, sampleBits, tiles }, padded };
}

/** The images in the order of their folds, and a degraded copy of each where the recipe wants it. */
async function load(
  root: string,
  split: Split,
  recipe: Recipe,
  preprocessing: Preprocessing,
  { seed, signal, onProgress }: TrainOptions,
): Promise<GoodImage[]> {
  const names = [...split.validation, ...split.training];
  const paths = names.map((name) => joinPath(root, name));
  const report = (done: number, total: number) => onProgress?.({ stage: 'images', done, total });
  const pixels = await loadImages(paths, preprocessing, { signal, onProgress: report }).catch(interrupted);
  const [height, width] = preprocessing.size;
  const bytes = height * width * 3;
  const frames = names.map((_, i) => pixels.subarray(i * bytes, (i + 1) * bytes));
  const copies = recipe.memory?.degradedCopies
    ? await degradedCopies(frames, preprocessing.size, seed, { signal }).catch(interrupted)
    : undefined;
  return foldImages(split, frames, copies);
}

/** Makes an end by the signal a KdadError, before there is anything to go on from. */
export function interrupted(error: Error): never {
  if (error.name !== 'AbortError') throw error;
  throw new KdadError('INTERRUPTED', 'stopped before the training began; nothing was written', { cause: error });
}
