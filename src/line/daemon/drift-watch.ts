import { sceneAdvice } from '../../learning/calibration/scene.js';
import type { Calibration } from '../../method/bundle/calibration.js';
import { type Drift, DriftMonitor, type DriftReason } from '../inspection/drift.js';
import type { JudgedFrame } from '../inspection/verdict.js';
import type { Logger } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';

export interface DriftWatchOptions {
  /** The held-out scores of the bundle that judges a camera now. */
  readonly calibration: (camera: string) => Calibration['scores'];
  readonly metrics: Metrics;
  readonly log: Logger;
  /** How a camera's scores lie now; undefined while that is not known any more. */
  onDrift(camera: string, drift: Drift | undefined): void;
}

const advice: Readonly<Record<DriftReason, string>> = {
  margin:
    'good frames score higher than before: check light, focus and dirt, or calibrate again, before false alarms start',
  scene: sceneAdvice,
};

/** Watches every camera for drift, and tells of it. */
export class DriftWatch {
  readonly #options: DriftWatchOptions;
  readonly #monitors = new Map<string, DriftMonitor>();

  constructor(options: DriftWatchOptions) {
    this.#options = options;
  }

  next(judged: JudgedFrame): void {
    const { calibration, metrics, log, onDrift } = this.#options;
    const { camera } = judged.verdict;
    let monitor = this.#monitors.get(camera);
    if (!monitor) {
      monitor = new DriftMonitor(calibration(camera));
      this.#monitors.set(camera, monitor);
    }
    const drift = monitor.next(judged);
    if (!drift) return;
    const { shift, highRatio, scene, warnings } = drift;
    metrics.scoreShift.set({ camera }, shift);
    if (scene) metrics.scoreDeviations.set({ camera }, scene.deviations);
    onDrift(camera, drift);
    for (const reason of warnings) {
      metrics.driftWarnings.inc({ camera, reason });
      log.warn({ camera, shift, highRatio, deviations: scene?.deviations }, advice[reason]);
    }
  }

  /** Another model judges, or the camera sees something else: the scores are others. */
  reset(camera: string): void {
    this.#monitors.delete(camera);
    this.#options.onDrift(camera, undefined);
  }
}
