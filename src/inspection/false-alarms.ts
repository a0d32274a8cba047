import type { ConfiguredThreshold } from '../config/threshold.js';
import { describeLack, type Support, supportOf } from '../training/support.js';
import { type Calibrated, thresholdFor } from './threshold.js';

/** A rate of false alarms that is asked for, and what comes of it. */
export interface FalseAlarms extends Support {
  /** A part of 1. */
  readonly wanted: number;
  /** The score from which a frame is anomalous then. */
  readonly threshold: number;
  /** Why it cannot be had, in a line; undefined where it can. */
  readonly lack?: string;
}

/** Undefined where no rate is asked for. */
export function falseAlarmsOf(model: Calibrated, own: ConfiguredThreshold | undefined): FalseAlarms | undefined {
  const wanted = own?.falseAlarms;
  if (wanted === undefined) return undefined;
  const support = supportOf(model.calibration);
  return { wanted, threshold: thresholdFor(model, own), ...support, lack: describeLack(support, wanted) };
}
