import { DriftMonitor } from '../inspection/drift.js';
import type { JudgedFrame } from '../inspection/verdict.js';
import type { Logger } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';

/** Watches every camera for drift, and tells of it. */
export class DriftWatch {
  readonly #calibration: (camera: string) => readonly number[];
  readonly #metrics: Metrics;
  readonly #log: Logger;
  readonly #monitors = new Map<string, DriftMonitor>();

  /** @param calibration the held-out scores of the bundle that judges a camera now */
  constructor(calibration: (camera: string) => readonly number[], metrics: Metrics, log: Logger) {
    this.#calibration = calibration;
    this.#metrics = metrics;
    this.#log = log;
  }

  next(judged: JudgedFrame): void {
    const { camera } = judged.verdict;
    let monitor = this.#monitors.get(camera);
    if (!monitor) {
      monitor = new DriftMonitor(this.#calibration(camera));
      this.#monitors.set(camera, monitor);
    }
    const drift = monitor.next(judged);
    if (!drift) return;
    const { shift, highRatio, warn } = drift;
    this.#metrics.scoreShift.set({ camera }, shift);
    if (!warn) return;
    this.#metrics.driftWarnings.inc({ camera });
    const advice = 'look at light, focus and dirt, or calibrate anew, before false alarms come';
    this.#log.warn({ camera, shift, highRatio }, `good frames score higher than they did: ${advice}`);
  }

  /** Another model judges, or the camera sees something else: the scores are others. */
  reset(camera: string): void {
    this.#monitors.delete(camera);
  }
}
