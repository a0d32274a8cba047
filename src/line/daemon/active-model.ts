import { setTimeout as sleep } from 'node:timers/promises';
import { openVersionBefore } from '../../method/bundle/fall-back.js';
import type { PrecisionChoice } from '../../method/bundle/precision.js';
import type { Bundle } from '../../method/bundle/read.js';
import { precisionFor } from '../../method/detector/precision.js';
import type { Config } from '../config/schema.js';
import { Inspector, type InspectorOptions } from '../inspection/inspector.js';
import { LiveDetector } from '../inspection/live-detector.js';
import type { Logger } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';
import { DeviceInfo } from './device-info.js';
import { ModelSwitch } from './model-switch.js';

/** What every model at work is told of the cameras, and whom it tells. */
export interface ActiveModelOptions
  extends Pick<InspectorOptions, 'ignoredBy' | 'admits' | 'isMuted' | 'alert' | 'listener'> {
  readonly settings: Config['inspection'];
  /** How many of the model's cameras send frames now. */
  camerasOf(active: ActiveModel): number;
  readonly engine: Config['engine'];
  readonly device: Config['device'];
  /** The score from which on a camera's frame is anomalous, when this bundle judges. */
  thresholdOf(camera: string, bundle: Bundle): number;
  /** The part of it from which on a frame is to be reviewed; undefined where none is. */
  reviewFrom(camera: string, bundle: Bundle): number | undefined;
  /** Throws where another version would not do for the model's cameras. */
  check(active: ActiveModel, bundle: Bundle): void;
  /** Another version judges now. */
  onSwap(active: ActiveModel): void;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Milliseconds that a batch in flight gets when its model stops. */
const LAST_BATCH = 500;

/**
 * One model at work: its detector in a process of its own, the inspection of its cameras' frames, and the switch to
 * other versions.
 */
export class ActiveModel {
  readonly inspector: Inspector;
  readonly models: ModelSwitch;
  readonly #path: string;
  readonly #options: ActiveModelOptions;
  readonly #detector: LiveDetector;
  readonly #deviceInfo: DeviceInfo;

  /** @param path of the model as configured: a bundle, or a store; `bundle` is what was opened there */
  constructor(path: string, bundle: Bundle, options: ActiveModelOptions) {
    const { settings, engine, device, camerasOf, thresholdOf, onSwap, metrics, log } = options;
    this.#path = path;
    this.#options = options;
    const maxBatch = Math.min(settings.maxBatch, bundle.manifest.detector.maxBatch);
    this.#deviceInfo = new DeviceInfo({ engine, asked: device, metrics, log });
    this.#detector = new LiveDetector(bundle, {
      engine,
      device,
      threads: settings.threads,
      maxBatch,
      onDevice: (used) => this.#deviceInfo.tell(this.bundle.name, used),
      timeout: settings.batchTimeout,
      onLoss: (reason) => {
        metrics.inferenceRestarts.inc();
        log.error({ model: this.bundle.name, reason }, 'inference process lost; starting another');
      },
    });
    this.inspector = new Inspector({
      ...options,
      detector: this.#detector,
      maxBatch,
      maxWait: settings.maxWait,
      cameras: () => camerasOf(this),
      queue: settings.queue,
      thresholdOf: (camera) => thresholdOf(camera, this.bundle),
      reviewFrom: (camera) => options.reviewFrom(camera, this.bundle),
    });
    this.models = new ModelSwitch({
      path,
      precision: precisionIn(options),
      detector: this.#detector,
      check: (other) => options.check(this, other),
      metrics,
      log,
      onSwap: () => onSwap(this),
    });
  }

  /** The bundle that judges the next batch. */
  get bundle(): Bundle {
    return this.#detector.bundle;
  }

  /** Loaded, and has passed its self-test. */
  get ready(): boolean {
    return this.#detector.ready;
  }

  /** What the detector runs on; undefined before it is loaded for the first time. */
  get device(): string | undefined {
    return this.#deviceInfo.device;
  }

  /** Of the processor, that the detector computes in; undefined before it is loaded for the first time. */
  get threads(): number | undefined {
    return this.#deviceInfo.threads;
  }

  /**
   * Where the version in use of a store cannot be loaded, the one before judges.
   * @throws KdadError INFERENCE_FAILED, DEVICE_UNUSABLE, IMAGE_UNREADABLE, INTERRUPTED
   */
  async start(signal: AbortSignal): Promise<void> {
    try {
      await this.#detector.start(signal);
    } catch (error) {
      if (signal.aborted) throw error;
      const before = await openVersionBefore(this.#path, precisionIn(this.#options), error);
      if (before.directory === this.bundle.directory) throw error;
      this.#options.check(this, before);
      tellFallback(this.#options, before, error as Error);
      await this.#detector.start(signal, before);
    }
    this.inspector.start();
    this.models.start();
  }

  /**
   * A batch in flight gets a moment; one that hangs is lost with its process, so that its cameras' alerts close in
   * time.
   */
  async stop(): Promise<void> {
    this.models.stop();
    const inspected = this.inspector.stop();
    await Promise.race([inspected, sleep(LAST_BATCH, undefined, { ref: false })]);
    await this.#detector.stop();
    await inspected;
    this.#deviceInfo.forget();
  }
}

/** @throws KdadError DEVICE_UNUSABLE for integers on anything but the processor */
export const precisionIn = ({ settings, engine, device }: ActiveModelOptions): PrecisionChoice =>
  precisionFor(settings.precision, { engine, device });

/** Another version than the one in use judges. */
export function tellFallback(
  { metrics, log }: ActiveModelOptions,
  { name, version }: Bundle,
  { message }: Error,
): void {
  metrics.modelSwaps.inc({ result: 'refused' });
  const about = { model: name, modelVersion: version, reason: message };
  log.error(about, 'the version in use cannot be loaded; the previous version judges');
}
