import { MEAN_PART, type Scoring, type ScoringName, topCount } from '../model/scoring.js';

/** How a map's values become a score. A value that is no number makes none. */
const scores: Record<ScoringName, (values: Float32Array, scoring: Scoring, tiles: number) => number> = {
  max: (values) =>
    // Math.max itself takes no more than some ten thousand arguments.
    values.reduce((largest, value) => Math.max(largest, value), Number.NEGATIVE_INFINITY),
  'top2%': (values, _, tiles) => largest(values, tiles),
  'top2%-mean': (values, { background = Number.POSITIVE_INFINITY }, tiles) =>
    largest(values, tiles) - MEAN_PART * Math.min(mean(values), background),
};

/** The score of values of a map of so many tiles, as the detector's graph computes it of all of them. */
export const scoreOf = (values: Float32Array, scoring: Scoring, tiles = 1): number =>
  scores[scoring.by](values, scoring, tiles);

/** The mean of the largest values. */
function largest(values: Float32Array, tiles: number): number {
  const sorted = values.slice().sort(); // Numbers that are none are sorted to the end.
  return mean(sorted.subarray(values.length - topCount(values.length, tiles)));
}

const mean = (values: Float32Array): number => values.reduce((sum, value) => sum + value, 0) / values.length;
