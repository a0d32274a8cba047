import type { ConfiguredThreshold } from './limits.js';
import { type Support, supportOf } from './support.js';
import type { Calibrated } from './threshold.js';

/** A rate of false alarms that is asked for, and what there is to support it. */
export interface FalseAlarms extends Support {
  /** A part of 1. */
  readonly wanted: number;
}

/** Undefined where no rate is asked for. */
export function falseAlarmsOf(model: Calibrated, own: ConfiguredThreshold | undefined): FalseAlarms | undefined {
  return own?.falseAlarms === undefined ? undefined : { wanted: own.falseAlarms, ...supportOf(model.calibration) };
}
