import { type FalseAlarms, falseAlarmsOf } from '../../learning/calibration/false-alarms.js';
import { type ConfiguredThreshold, type Limits, limitsFor } from '../../learning/calibration/limits.js';
import { reviewFrom, thresholdFor } from '../../learning/calibration/threshold.js';
import { type Bundle, detectorHash } from '../../method/bundle/read.js';
import type { CameraConfig, Config } from '../config/schema.js';
import type { Commanded, Overrides } from '../control/overrides.js';

export interface CameraLimitsOptions {
  readonly overrides: Overrides;
  /** In force now. */
  config(): Config;
  settingsOf(camera: string): CameraConfig | undefined;
}

/**
 * From which scores on a camera's frames are anomalous, and to be reviewed: as calibrated on the line, as commanded, or
 * else as configured.
 */
export class CameraLimits {
  readonly #options: CameraLimitsOptions;

  constructor(options: CameraLimitsOptions) {
    this.#options = options;
  }

  /** By the configuration alone. */
  configured(camera: string): Limits {
    const { config, settingsOf } = this.#options;
    return limitsFor(config(), settingsOf(camera));
  }

  /** The score from which a frame that this bundle judges is anomalous. */
  threshold(camera: string, bundle: Bundle): number {
    return thresholdFor(bundle, this.#thresholdOf(camera, bundle));
  }

  /** The part of it from which a frame is to be reviewed; undefined where none is. */
  reviewFrom(camera: string, bundle: Bundle): number | undefined {
    return reviewFrom(bundle, this.configured(camera));
  }

  /** Where the threshold is for a rate of false alarms. */
  falseAlarms(camera: string, bundle: Bundle): FalseAlarms | undefined {
    return falseAlarmsOf(bundle, this.#thresholdOf(camera, bundle));
  }

  /** What holds for a camera instead of the configuration. */
  commanded(camera: string, bundle: Bundle): Commanded | undefined {
    return this.#options.overrides.of(camera, detectorHash(bundle));
  }

  /** Whether a threshold was calibrated on the line, but for other detectors than that of this bundle. */
  hasLapsed(camera: string, bundle: Bundle): boolean {
    return this.#options.overrides.hasLapsed(camera, detectorHash(bundle));
  }

  #thresholdOf(camera: string, bundle: Bundle): ConfiguredThreshold | undefined {
    const { overrides } = this.#options;
    const set = overrides.calibratedOf(camera, detectorHash(bundle)) ?? overrides.thresholdOf(camera);
    return set ?? this.configured(camera).threshold;
  }
}
