import type { PrecisionChoice } from '../bundle/precision.js';
import type { Bundle } from '../bundle/read.js';
import type { Config } from '../config/schema.js';
import { type RelativeThreshold, thresholdFor } from '../config/threshold.js';
import { precisionFor } from '../detector/precision.js';
import { Inspector, type InspectorOptions } from '../inspection/inspector.js';
import { LiveDetector } from '../inspection/live-detector.js';
import type { Logger } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';
import { DeviceInfo } from './device-info.js';
import { ModelSwitch } from './model-switch.js';

/** What every judge is told of the cameras, and whom it tells. */
export interface JudgeOptions
  extends Pick<InspectorOptions, 'ignoredBy' | 'admits' | 'isMuted' | 'alert' | 'listener'> {
  readonly settings: Config['inspection'];
  /** How many of the judge's cameras send frames now. */
  camerasOf(judge: Judge): number;
  readonly engine: Config['engine'];
  readonly device: Config['device'];
  /** The camera's own threshold; undefined where the model's counts. */
  thresholdOf(camera: string): RelativeThreshold | undefined;
  /** Throws where another version would not do for the judge's cameras. */
  check(judge: Judge, bundle: Bundle): void;
  /** Another version judges now. */
  onSwap(judge: Judge): void;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** One model at work: its detector in a process of its own, the inspection of its cameras' frames, and the switch to other versions. */
export class Judge {
  readonly inspector: Inspector;
  readonly models: ModelSwitch;
  readonly #detector: LiveDetector;
  readonly #deviceInfo: DeviceInfo;

  /** @param path of the model as configured: a bundle, or a store; `bundle` is what was opened there */
  constructor(path: string, bundle: Bundle, options: JudgeOptions) {
    const { settings, engine, device, camerasOf, thresholdOf, onSwap, metrics, log } = options;
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
      thresholdOf: (camera) => thresholdFor(this.bundle, thresholdOf(camera)),
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

  /** @throws KdadError INFERENCE_FAILED, DEVICE_UNUSABLE, IMAGE_UNREADABLE */
  async start(): Promise<void> {
    await this.#detector.start();
    this.inspector.start();
    this.models.start();
  }

  async stop(): Promise<void> {
    this.models.stop();
    await this.inspector.stop();
    await this.#detector.stop();
    this.#deviceInfo.forget();
  }
}

/** @throws KdadError DEVICE_UNUSABLE for integers on anything but the processor */
export const precisionIn = ({ settings, engine, device }: JudgeOptions): PrecisionChoice =>
  precisionFor(settings.precision, { engine, device });
