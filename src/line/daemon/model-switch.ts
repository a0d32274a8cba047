import { join } from 'node:path';
import { KdadError } from '../../common/errors.js';
import { version } from '../../common/version.js';
import type { PrecisionChoice } from '../../method/bundle/precision.js';
import { type Bundle, openBundle } from '../../method/bundle/read.js';
import { activate, readStore } from '../../method/bundle/store.js';
import { StoreWatcher } from '../../method/bundle/watch-store.js';
import type { LiveDetector } from '../inspection/live-detector.js';
import type { Logger } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';

export interface ModelSwitchOptions {
  /** The model as configured: a bundle, or a store. */
  readonly path: string;
  readonly precision: PrecisionChoice;
  readonly detector: LiveDetector;
  /** Throws where a bundle would not do for the cameras. */
  check(bundle: Bundle): void;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Another one judges now. */
  readonly onSwap: () => void;
}

/** Has the detector swapped when another version is put to use, and tells which one judges. */
export class ModelSwitch {
  readonly #options: ModelSwitchOptions;
  readonly #watcher: StoreWatcher;
  /** The metric's labels of the model that judges. */
  #told: Record<'model' | 'model_version' | 'precision' | 'recipe' | 'version', string> | undefined;

  constructor(options: ModelSwitchOptions) {
    const { path, precision, detector, metrics, log } = options;
    this.#options = options;
    this.#watcher = new StoreWatcher(path, detector.bundle, precision, {
      // Log and metric have told of a failure.
      onChange: (bundle) => void this.#swap(bundle).catch(() => {}),
      onFailure: ({ message: reason }) => {
        metrics.modelSwaps.inc({ result: 'refused' });
        log.error({ reason }, 'the new model cannot be used; the old one stays');
      },
    });
  }

  start(): void {
    const { bundle } = this.#options.detector;
    this.#tell(bundle);
    this.#watcher.adopt(bundle);
    this.#watcher.start();
  }

  stop(): void {
    this.#watcher.stop();
    if (this.#told) this.#options.metrics.modelInfo.remove(this.#told);
  }

  /** See `StoreWatcher.check`. */
  check(): Promise<void> {
    return this.#watcher.check();
  }

  /**
   * Puts a version of the store to use, as `kdad-edge models activate` does; resolves when it judges.
   * @throws KdadError COMMAND_INVALID where the configuration names no store, and what opening and swapping a bundle
   *   throw: the old one goes on judging then, and stays in use
   */
  async activate(version: string, signal?: AbortSignal): Promise<Bundle> {
    const { path, precision, detector } = this.#options;
    const { versions, current } = await readStore(path).catch((cause: Error) => {
      throw new KdadError('COMMAND_INVALID', `the configured model is no store of versions: ${cause.message}`, {
        cause,
      });
    });
    if (!versions.includes(version)) {
      throw new KdadError('COMMAND_INVALID', `no version ${version}; there are ${versions.join(', ')}`);
    }
    const bundle = await openBundle(join(path, version), precision);
    if (version === current && bundle.directory === detector.bundle.directory) return bundle;
    const commit = async () => {
      await activate(path, version).catch((cause: Error) => {
        throw new KdadError('COMMAND_FAILED', `${path} cannot be written: ${cause.message}`, { cause });
      });
      this.#watcher.adopt(bundle);
    };
    await this.#swap(bundle, commit, signal);
    return bundle;
  }

  /** It takes over once it is loaded and tested, and else the old one stays. */
  async #swap(bundle: Bundle, commit?: () => Promise<void>, signal?: AbortSignal): Promise<void> {
    const { detector, check, metrics, log, onSwap } = this.#options;
    const about = { model: bundle.name, modelVersion: bundle.version };
    try {
      check(bundle);
      await detector.swap(bundle, commit, signal);
      this.#tell(bundle);
      onSwap();
      metrics.modelSwaps.inc({ result: 'done' });
      log.info({ ...about, threshold: bundle.threshold, precision: bundle.precision }, 'another model judges');
    } catch (error) {
      if (error instanceof KdadError && error.code === 'INTERRUPTED') throw error;
      metrics.modelSwaps.inc({ result: 'refused' });
      log.error({ ...about, reason: (error as Error).message }, 'the new model cannot be used; the old one stays');
      throw error;
    }
  }

  #tell({ name, version: modelVersion, precision, manifest }: Bundle): void {
    const { modelInfo } = this.#options.metrics;
    if (this.#told) modelInfo.remove(this.#told);
    this.#told = { model: name, model_version: modelVersion, precision, recipe: manifest.recipe.name, version };
    modelInfo.set(this.#told, 1);
  }
}
