import type { Calibration } from '../../method/bundle/calibration.js';
import { median, medianDeviation } from '../../method/metrics/robust.js';

/** Fewer images have no median to rely on. */
const FEWEST = 10;
/**
 * So many MADs from the held-out images' median no median of good parts of the same scene lies: two standard
 * deviations, were scores normal.
 */
const CHANGED = 3;

/** How the scores of good parts lie to those that the model was calibrated on. */
export interface SceneShift {
  /** Median absolute deviations of the held-out images that the median lies above theirs; below where negative. */
  readonly deviations: number;
  /** Light or scene are others. */
  readonly changed: boolean;
}

/** What to do about it. */
export const sceneAdvice =
  'light or scene have changed since the model was calibrated: correct light, lens and position, calibrate again, or train with new pictures';

/**
 * @param scores of good parts
 * @param heldOut what the model was calibrated on; degraded copies do not count
 * @returns undefined where either are too few, or the held-out ones are all the same
 */
export function sceneShift(scores: readonly number[], heldOut: Calibration['scores']): SceneShift | undefined {
  const calibration = heldOut.filter(({ degraded }) => !degraded).map(({ score }) => score);
  if (scores.length < FEWEST || calibration.length < FEWEST) return undefined;
  const spread = medianDeviation(calibration);
  if (!(spread > 0)) return undefined;
  const deviations = (median(scores) - median(calibration)) / spread;
  return { deviations, changed: Math.abs(deviations) >= CHANGED };
}
