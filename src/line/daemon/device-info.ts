import type { Used } from '../../method/detector/detector.js';
import type { Logger } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';

type Labels = Record<'model' | 'engine' | 'device' | 'asked' | 'fallback', string>;

export interface DeviceInfoOptions {
  readonly engine: string;
  /** The device as the configuration has it. */
  readonly asked: string;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** Tells log and metric what a model's detector runs on. */
export class DeviceInfo {
  readonly #about: Pick<Labels, 'engine' | 'asked'>;
  readonly #metrics: Metrics;
  readonly #log: Logger;
  #told: Labels | undefined;
  #threads: number | undefined;

  constructor({ engine, asked, metrics, log }: DeviceInfoOptions) {
    this.#about = { engine, asked };
    this.#metrics = metrics;
    this.#log = log;
  }

  /** Undefined before anything was told. */
  get device(): string | undefined {
    return this.#told?.device;
  }

  /** Of the processor; undefined before anything was told. */
  get threads(): number | undefined {
    return this.#threads;
  }

  tell(model: string, { device, threads, passedOver: reason }: Used): void {
    const about = { model, ...this.#about, device };
    this.forget();
    this.#threads = threads;
    this.#told = { ...about, fallback: String(reason !== undefined) };
    this.#metrics.inferenceDevice.set(this.#told, 1);
    if (reason === undefined) this.#log.info({ ...about, threads }, 'detector loaded');
    else this.#log.warn({ ...about, threads, reason }, 'the GPU cannot be used; the CPU judges');
  }

  forget(): void {
    if (this.#told) this.#metrics.inferenceDevice.remove(this.#told);
    this.#told = undefined;
    this.#threads = undefined;
  }
}
