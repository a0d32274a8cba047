import { type Scoring, topCount } from '../model/scoring.js';

/** How a map's values become a score. A value that is no number makes none. */
const scores: Record<Scoring, (values: Float32Array, tiles: number) => number> = {
  max: (values) =>
    // Math.max itself takes no more than some ten thousand arguments.
    values.reduce((largest, value) => Math.max(largest, value), Number.NEGATIVE_INFINITY),
  // Numbers that are none are sorted to the end.
  'top2%': (values, tiles) => {
    const largest = values
      .slice()
      .sort()
      .subarray(values.length - topCount(values.length, tiles));
    return largest.reduce((sum, value) => sum + value, 0) / largest.length;
  },
};

/** The score of values of a map of so many tiles, as the detector's graph computes it of all of them. */
export const scoreOf = (values: Float32Array, scoring: Scoring, tiles = 1): number => scores[scoring](values, tiles);
