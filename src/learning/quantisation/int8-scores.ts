import type { Calibration } from '../../method/bundle/calibration.js';
import { median, medianDeviation, NORMAL } from '../../method/metrics/robust.js';

/** Scores of the same pictures by two detectors. */
export interface Paired {
  readonly floats: readonly number[];
  readonly integers: readonly number[];
}

/**
 * What scores in floats are in integers, from pictures that were judged in both: shifted by the mean difference, and as
 * far spread as they are with what integers add at random (variances add up).
 */
export function scoresInIntegers(scores: Calibration['scores'], { floats, integers }: Paired): Calibration['scores'] {
  const values = scores.map(({ score }) => score);
  const [middle, spread] = [median(values), NORMAL * medianDeviation(values)];
  const differences = floats.map((score, i) => integers[i] - score);
  const shift = differences.reduce((sum, difference) => sum + difference, 0) / differences.length;
  const noise = Math.sqrt(
    differences.reduce((sum, difference) => sum + (difference - shift) ** 2, 0) / Math.max(1, differences.length - 1),
  );
  const stretch = spread > 0 ? Math.hypot(1, noise / spread) : 1;
  return scores.map((scored) => ({ ...scored, score: middle + shift + stretch * (scored.score - middle) }));
}
