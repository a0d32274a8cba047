import type { Bundle } from '../bundle/read.js';
import { StoreWatcher } from '../bundle/watch-store.js';
import type { LiveDetector } from '../inspection/live-detector.js';
import type { Logger } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';
import { version } from '../version.js';

export interface ModelSwitchOptions {
  /** The model as configured: a bundle, or a store. */
  readonly path: string;
  readonly detector: LiveDetector;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Another one judges now. */
  readonly onSwap: () => void;
}

/** Has the detector swapped when another version is put to use, and tells which one judges. */
export class ModelSwitch {
  readonly #options: ModelSwitchOptions;
  readonly #watcher: StoreWatcher;

  constructor(options: ModelSwitchOptions) {
    const { path, detector, log } = options;
    this.#options = options;
    this.#watcher = new StoreWatcher(path, detector.bundle, {
      onChange: (bundle) => void this.#swap(bundle),
      onFailure: ({ message: reason }) => log.error({ reason }, 'the new model cannot be used; the old one stays'),
    });
  }

  start(): void {
    this.#tell(this.#options.detector.bundle);
    this.#watcher.start();
  }

  stop(): void {
    this.#watcher.stop();
  }

  /** It takes over once it is loaded and tested, and else the old one stays. */
  async #swap(bundle: Bundle): Promise<void> {
    const { detector, metrics, log, onSwap } = this.#options;
    const about = { model: bundle.name, modelVersion: bundle.version };
    try {
      await detector.swap(bundle);
      this.#tell(bundle);
      onSwap();
      metrics.modelSwaps.inc({ result: 'done' });
      log.info({ ...about, threshold: bundle.manifest.threshold.value }, 'another model judges');
    } catch (error) {
      metrics.modelSwaps.inc({ result: 'refused' });
      log.error({ ...about, reason: (error as Error).message }, 'the new model cannot be used; the old one stays');
    }
  }

  #tell({ name, version: modelVersion, manifest }: Bundle): void {
    const { modelInfo } = this.#options.metrics;
    modelInfo.reset();
    modelInfo.set({ model: name, model_version: modelVersion, recipe: manifest.recipe.name, version }, 1);
  }
}
