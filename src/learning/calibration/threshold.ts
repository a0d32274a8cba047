import type { Bundle } from '../../method/bundle/read.js';
import type { ConfiguredThreshold, Limits } from './limits.js';
import { chooseThreshold } from './threshold-rules.js';

/** What a threshold is found from. */
export type Calibrated = Pick<Bundle, 'threshold' | 'calibration'>;

/** The score from which on a frame is anomalous. @param own of the camera; without it the model's threshold counts */
export function thresholdFor(model: Calibrated, own?: ConfiguredThreshold): number {
  if (own?.falseAlarms !== undefined) return thresholdAt(model.calibration, own.falseAlarms);
  return model.threshold * (own?.factor ?? 1);
}

/**
 * From which part of its camera's threshold on a frame is to be reviewed; undefined where none is.
 * @param limits as configured: a threshold that is set otherwise takes the band along
 */
export function reviewFrom(model: Calibrated, { threshold, review }: Limits): number | undefined {
  if (review?.falseAlarms === undefined) return review?.factor;
  const ratio = thresholdAt(model.calibration, review.falseAlarms) / thresholdFor(model, threshold);
  return ratio < 1 ? ratio : undefined;
}

/** Asked for each frame, so what was found is kept. */
const found = new WeakMap<Bundle['calibration'], Map<number, number>>();

/**
 * By the rule that a few bad images among the held-out ones move little, whatever rule the model was calibrated with.
 */
function thresholdAt(calibration: Bundle['calibration'], falseAlarms: number): number {
  const known = found.get(calibration) ?? new Map<number, number>();
  found.set(calibration, known);
  const scores = () => calibration.scores.map(({ score }) => score);
  const threshold = known.get(falseAlarms) ?? chooseThreshold(scores(), 'median-spread', { falseAlarms }).value;
  known.set(falseAlarms, threshold);
  return threshold;
}
