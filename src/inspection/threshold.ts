import type { Bundle } from '../bundle/read.js';
import type { ConfiguredThreshold } from '../config/threshold.js';
import { calibrate } from '../training/calibrate.js';

/** What a threshold is found from. */
export type Calibrated = Pick<Bundle, 'threshold' | 'calibration'>;

/** The score from which on a frame is anomalous. @param own of the camera; without it the model's threshold counts */
export function thresholdFor(model: Calibrated, own?: ConfiguredThreshold): number {
  if (own?.falseAlarms !== undefined) return thresholdAt(model.calibration, own.falseAlarms);
  return model.threshold * (own?.factor ?? 1);
}

/** Asked for each frame, so what was found is kept. */
const found = new WeakMap<Bundle['calibration'], Map<number, number>>();

/** By the rule that a few bad images among the held-out ones move little, whatever rule the model was calibrated with. */
function thresholdAt(calibration: Bundle['calibration'], falseAlarms: number): number {
  const known = found.get(calibration) ?? new Map<number, number>();
  found.set(calibration, known);
  const scores = () => calibration.scores.map(({ score }) => score);
  const threshold = known.get(falseAlarms) ?? calibrate(scores(), 'median-spread', { falseAlarms }).value;
  known.set(falseAlarms, threshold);
  return threshold;
}
