import { createHash } from 'node:crypto';
import { KdadError } from '../../common/errors.js';
import { calibrateOnLine, FEWEST_PARTS, type LineCalibration } from '../../learning/calibration/line-calibration.js';
import { type Bundle, detectorHash } from '../../method/bundle/read.js';
import { redactText } from '../camera/redact.js';
import type { CameraConfig } from '../config/schema.js';
import type { CalibrationRequest } from '../control/commands.js';
import type { Overrides } from '../control/overrides.js';
import type { JudgedFrame } from '../inspection/verdict.js';
import type { RecentScores } from '../state/recent-scores.js';
import type { CameraLimits } from './camera-limits.js';

/** Of good parts, where neither the camera nor its model is for another rate. */
const FALSE_ALARMS = 0.01;
/** Where more of the parts would be anomalous, they are not mostly good, or one that stands still before the camera. */
const MOST_ANOMALOUS = 0.2;
/** What a factor may be, see `relativeThreshold`. */
const FACTORS = { least: 0.1, most: 10 };

export interface LineCalibratorOptions {
  readonly scores: RecentScores;
  readonly limits: CameraLimits;
  readonly overrides: Overrides;
  /** The bundle that judges a camera now. */
  bundleOf(camera: string): Bundle;
  settingsOf(camera: string): CameraConfig | undefined;
}

/** Finds thresholds from the parts that a camera saw last, and has them hold. */
export class LineCalibrator {
  readonly #options: LineCalibratorOptions;
  readonly #seen = new Map<string, { settings: CameraConfig | undefined; bundle: Bundle; of: string }>();

  constructor(options: LineCalibratorOptions) {
    this.#options = options;
  }

  /** Remembers its score. */
  judged({ verdict: { camera, score }, frame }: JudgedFrame): void {
    this.#options.scores.add(camera, this.#whatIsSeen(camera), score, frame.steadyTime);
  }

  /** The camera is watched no more. */
  forget(camera: string): void {
    this.#seen.delete(camera);
    this.#options.scores.forget(camera);
  }

  /**
   * @throws KdadError COMMAND_FAILED where there is nothing to go by or to undo, STATE_UNUSABLE when it cannot be kept
   */
  async calibrate(camera: string, { parts, falseAlarms, apply, undo }: CalibrationRequest): Promise<object> {
    const { scores, limits, overrides, bundleOf } = this.#options;
    const bundle = bundleOf(camera);
    const about = { model: bundle.name, modelVersion: bundle.version };
    if (undo) {
      const before = limits.threshold(camera, bundle);
      if (!(await overrides.undoCalibration(camera, detectorHash(bundle)))) {
        throw new KdadError(
          'COMMAND_FAILED',
          `camera ${camera}: no calibration on the line holds that could be undone`,
        );
      }
      return { ...about, before, threshold: limits.threshold(camera, bundle) };
    }
    const last = scores.last(parts, camera, this.#whatIsSeen(camera));
    if (last.length < FEWEST_PARTS) {
      const found = `${last.length} parts were judged by this model so far, counting one a second at most`;
      throw new KdadError('COMMAND_FAILED', `camera ${camera}: ${found}; expected ${FEWEST_PARTS} or more`);
    }
    const found = calibrateOnLine(bundle, last, {
      held: limits.threshold(camera, bundle),
      falseAlarms:
        falseAlarms ??
        limits.configured(camera).threshold?.falseAlarms ??
        bundle.calibration.parameters.falseAlarms ??
        FALSE_ALARMS,
    });
    if (apply) {
      refuseOdd(camera, found);
      await overrides.calibrate(camera, found.factor, detectorHash(bundle));
    }
    return { ...about, ...found, applied: apply };
  }

  /** Other scores mean something else: of another detector, or of another part of the picture. */
  #whatIsSeen(camera: string): string {
    const { bundleOf, settingsOf } = this.#options;
    const [bundle, settings] = [bundleOf(camera), settingsOf(camera)];
    const known = this.#seen.get(camera);
    if (known?.bundle === bundle && known.settings === settings) return known.of;
    const { source, rotate, crop, ignore } = settings ?? {};
    const view = redactText(JSON.stringify([source, rotate, crop, ignore]));
    const of = createHash('sha256')
      .update(`${detectorHash(bundle)} ${view}`)
      .digest('hex');
    this.#seen.set(camera, { settings, bundle, of });
    return of;
  }
}

/** @throws KdadError COMMAND_FAILED for what nobody can want */
function refuseOdd(camera: string, { parts, anomalous, factor }: LineCalibration): void {
  const refuse = (why: string) => new KdadError('COMMAND_FAILED', `camera ${camera}: not applied: ${why}`);
  if (anomalous.proposed > MOST_ANOMALOUS * parts) {
    throw refuse(
      `${anomalous.proposed} of ${parts} parts would be anomalous; expected parts that are mostly good and not all the same`,
    );
  }
  if (factor < FACTORS.least || factor > FACTORS.most) {
    throw refuse(
      `it is ${factor.toPrecision(3)} times the threshold of the model; expected ${FACTORS.least} to ${FACTORS.most}: train anew`,
    );
  }
}
