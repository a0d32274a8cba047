import type { Calibration } from '../../method/bundle/calibration.js';
import { scoreOf } from '../../method/detector/scoring.js';
import { quantile } from '../../method/metrics/robust.js';
import type { ScoringName } from '../../method/model/scoring.js';
import type { Opinion, Opinions } from './opinions.js';

/** Of good images, the part whose maps have a mean that counts as usual. */
const BACKGROUND = 0.98;

const LEAST_GROWTH = 0.8;

export interface WeighOptions {
  readonly scoring: ScoringName;
  /** How many tiles a map is of. */
  readonly tiles: number;
  /** What each layer of the memory weighs, once all have the same mean; the map after theirs is the student's. */
  readonly layerWeights: readonly number[];
  /** How many folds the memory is of. */
  readonly folds: number;
  /** What the student weighs beside the memory's rest to 1, in standard deviations of their scores. */
  readonly studentWeight: number;
}

/** What the parts of a detector weigh in its map, and how good images score then. */
export interface Weighed {
  /** One weight a layer of the memory, and the student's where there is one. */
  readonly weights: Float32Array;
  /** The highest mean of a map that good images have, see `Scoring`. */
  readonly background: number;
  readonly scores: Calibration['scores'];
}

/**
 * What each layer of the memory and the student weigh in the detector's map. A layer's distances are divided by their
 * mean on good images that it does not know, and the layers added up; then memory and student are each brought to a
 * scale on which their scores of those images have a standard deviation of 1, and mixed; last, the mean score becomes
 * 1.
 */
export function weigh(opinions: Opinions, options: WeighOptions): Weighed {
  const { scoring, tiles, layerWeights, studentWeight } = options;
  const layers = layerWeights.length;
  const scored = (maps: readonly Float32Array[], weights: readonly number[], background?: number) =>
    scoreOf(weighted(maps, weights), { by: scoring, background }, tiles);
  const shares = layerWeights.map((weight, layer) => {
    const mean = average(opinions.all.map(({ maps }) => average(maps[layer])));
    return weight / Math.max(mean, Number.MIN_VALUE);
  });
  const growth = growthOf(opinions.fewer, options.folds, ({ maps }) => scored(maps.slice(0, layers), shares));
  const images = unlearned(opinions.all, layers).map(({ maps, ...image }) => ({
    ...image,
    maps: maps.map((map, i) => (i < layers ? map.map((value) => growth * value) : map)),
  }));
  const memory = images.map(({ maps }) => scored(maps.slice(0, layers), shares));
  const hasStudent = images[0].maps.length > layers;
  const mixed = hasStudent
    ? [
        ...shares.map((share) => ((1 - studentWeight) * share) / spread(memory)),
        studentWeight / spread(images.map(({ maps }) => scored(maps.slice(layers), [1]))),
      ]
    : shares;
  const most = quantile(
    images.map(({ maps }) => average(weighted(maps, mixed))),
    BACKGROUND,
  );
  const level = average(images.map(({ maps }) => scored(maps, mixed, most)));
  const [weights, background] = [mixed.map((weight) => weight / level), most / level];
  return {
    weights: Float32Array.from(weights),
    background,
    scores: images.map(({ image, degraded, maps }) => ({
      ...{ image, score: scored(maps, weights, background) },
      ...(degraded && { degraded }),
    })),
  };
}

/**
 * What the scores by all folds are of those by all but one: the whole memory knows more than one that lacks the image's
 * fold. Scores fall with a power of the number of folds; the one is found from images that were judged by one fold
 * less.
 *
 * @returns 1 at most; what so few folds say is not trusted to lower scores by more than a fifth
 */
function growthOf(pairs: Opinions['fewer'], folds: number, scoreOf: (opinion: Opinion) => number): number {
  const [more, fewer] = [0, 1].map((i) => average(pairs.map((pair) => scoreOf(pair[i]))));
  const power = Math.log(more / fewer) / Math.log((folds - 1) / (folds - 2));
  const growth = (folds / (folds - 1)) ** power;
  return Math.max(LEAST_GROWTH, growth < 1 ? growth : 1);
}

/** The student's maps of images that it has learned from, raised to the level of those that it has not. */
function unlearned(opinions: readonly Opinion[], layers: number): Opinion[] {
  const levelOf = (learned: boolean, degraded: boolean) =>
    average(
      opinions
        .filter((opinion) => opinion.learned === learned && opinion.degraded === degraded)
        .map(({ maps }) => average(maps[layers])),
    );
  if (opinions[0].maps.length === layers) return [...opinions];
  const [plain, copies] = [false, true].map((degraded) => levelOf(false, degraded) / levelOf(true, degraded));
  return opinions.map((opinion) => {
    if (!opinion.learned) return opinion;
    const raise = opinion.degraded ? copies : plain;
    const maps = opinion.maps.map((map, i) => (i === layers ? map.map((value) => raise * value) : map));
    return { ...opinion, maps };
  });
}

const weighted = (maps: readonly Float32Array[], weights: readonly number[]): Float32Array =>
  maps[0].map((_, i) => maps.reduce((sum, map, layer) => sum + weights[layer] * map[i], 0));

const average = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
};

/** The standard deviation of scores, never nothing. */
function spread(scores: readonly number[]): number {
  const mean = average(scores);
  const variance = average(scores.map((score) => (score - mean) ** 2));
  return Math.max(Math.sqrt(variance), 1e-3 * Math.abs(mean), Number.MIN_VALUE);
}
