import { interruptibly } from '../../common/abort.js';
import { openVersionBefore } from '../../method/bundle/fall-back.js';
import { openBundle } from '../../method/bundle/read.js';
import { modelsOf } from '../config/models.js';
import type { Config } from '../config/schema.js';
import type { AlertRules } from '../inspection/alerts.js';
import { ActiveModel, type ActiveModelOptions, precisionIn, tellFallback } from './active-model.js';

/** The models at work, one for each that cameras name. */
export class ActiveModels {
  readonly #options: ActiveModelOptions;
  readonly #activeModels: Map<string, ActiveModel>;
  #rules: AlertRules;

  private constructor(activeModels: Map<string, ActiveModel>, options: ActiveModelOptions) {
    this.#activeModels = activeModels;
    this.#options = options;
    this.#rules = options.alert;
  }

  /**
   * Opens the models of a configuration, where one cannot be the version before; nothing is loaded before `start`.
   * @throws KdadError BUNDLE_MISSING, BUNDLE_UNREADABLE, BUNDLE_DAMAGED, BUNDLE_UNSUPPORTED
   */
  static async open(config: Config, options: ActiveModelOptions): Promise<ActiveModels> {
    const activeModels = new Map<string, ActiveModel>();
    for (const path of modelsOf(config)) activeModels.set(path, await openActiveModel(path, options));
    return new ActiveModels(activeModels, options);
  }

  /** In the order of the configuration. */
  get all(): ActiveModel[] {
    return [...this.#activeModels.values()];
  }

  /** @param path as the configuration names the model of a camera that is watched */
  of(path: string): ActiveModel {
    return this.#activeModels.get(path) as ActiveModel;
  }

  /** @throws KdadError INFERENCE_FAILED, IMAGE_UNREADABLE, INTERRUPTED */
  async start(signal: AbortSignal): Promise<void> {
    for (const active of this.all) await active.start(signal);
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((active) => active.stop()));
  }

  /**
   * Loads the models of another configuration that are not at work yet. When one of them cannot be, everything stays as
   * it is.
   * @throws KdadError as `open` and `start`
   */
  async add(config: Config, signal: AbortSignal): Promise<void> {
    const added = new Map<string, ActiveModel>();
    try {
      for (const path of modelsOf(config)) {
        if (this.#activeModels.has(path)) continue;
        const bundle = await interruptibly(openBundle(path, precisionIn(this.#options)), signal);
        const active = new ActiveModel(path, bundle, { ...this.#options, alert: this.#rules });
        added.set(path, active);
        await active.start(signal);
      }
    } catch (error) {
      await Promise.all([...added.values()].map((active) => active.stop()));
      throw error;
    }
    for (const [path, active] of added) this.#activeModels.set(path, active);
  }

  /** Ends the models that no camera of the configuration needs any more. */
  async keep(config: Config): Promise<void> {
    const needed = modelsOf(config);
    for (const [path, active] of this.#activeModels) {
      if (needed.includes(path)) continue;
      this.#activeModels.delete(path);
      await active.stop();
    }
  }

  /** Alerts open and close by other rules from now on. */
  changeRules(rules: AlertRules): void {
    this.#rules = rules;
    for (const { inspector } of this.all) inspector.changeRules(rules);
  }

  /** Looks whether other versions are in use; they are swapped in as those that show themselves. Never throws. */
  async check(): Promise<void> {
    await Promise.all(this.all.map(({ models }) => models.check()));
  }

  /** Resolves once every frame has been judged or dropped. */
  async drained(): Promise<void> {
    await Promise.all(this.all.map(({ inspector }) => inspector.drained()));
  }
}

async function openActiveModel(path: string, options: ActiveModelOptions): Promise<ActiveModel> {
  const precision = precisionIn(options);
  const bundle = await openBundle(path, precision).catch(async (error: Error) => {
    const before = await openVersionBefore(path, precision, error);
    tellFallback(options, before, error);
    return before;
  });
  return new ActiveModel(path, bundle, options);
}
