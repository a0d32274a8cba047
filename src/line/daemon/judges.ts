import { interruptibly } from '../../common/abort.js';
import { openVersionBefore } from '../../method/bundle/fall-back.js';
import { openBundle } from '../../method/bundle/read.js';
import { modelsOf } from '../config/models.js';
import type { Config } from '../config/schema.js';
import type { AlertRules } from '../inspection/alerts.js';
import { Judge, type JudgeOptions, precisionIn, tellFallback } from './judge.js';

/** The judges, one for each model that cameras name. */
export class Judges {
  readonly #options: JudgeOptions;
  readonly #judges: Map<string, Judge>;
  #rules: AlertRules;

  private constructor(judges: Map<string, Judge>, options: JudgeOptions) {
    this.#judges = judges;
    this.#options = options;
    this.#rules = options.alert;
  }

  /**
   * Opens the models of a configuration, where one cannot be the version before; nothing is loaded before `start`.
   * @throws KdadError BUNDLE_MISSING, BUNDLE_UNREADABLE, BUNDLE_DAMAGED, BUNDLE_UNSUPPORTED
   */
  static async open(config: Config, options: JudgeOptions): Promise<Judges> {
    const judges = new Map<string, Judge>();
    for (const path of modelsOf(config)) judges.set(path, await openJudge(path, options));
    return new Judges(judges, options);
  }

  /** In the order of the configuration. */
  get all(): Judge[] {
    return [...this.#judges.values()];
  }

  /** @param path as the configuration names the model of a camera that is watched */
  of(path: string): Judge {
    return this.#judges.get(path) as Judge;
  }

  /** @throws KdadError INFERENCE_FAILED, IMAGE_UNREADABLE, INTERRUPTED */
  async start(signal: AbortSignal): Promise<void> {
    for (const judge of this.all) await judge.start(signal);
  }

  async stop(): Promise<void> {
    await Promise.all(this.all.map((judge) => judge.stop()));
  }

  /**
   * Loads the models of another configuration that are not at work yet. When one of them cannot be, everything stays as
   * it is.
   * @throws KdadError as `open` and `start`
   */
  async add(config: Config, signal: AbortSignal): Promise<void> {
    const added = new Map<string, Judge>();
    try {
      for (const path of modelsOf(config)) {
        if (this.#judges.has(path)) continue;
        const bundle = await interruptibly(openBundle(path, precisionIn(this.#options)), signal);
        const judge = new Judge(path, bundle, { ...this.#options, alert: this.#rules });
        added.set(path, judge);
        await judge.start(signal);
      }
    } catch (error) {
      await Promise.all([...added.values()].map((judge) => judge.stop()));
      throw error;
    }
    for (const [path, judge] of added) this.#judges.set(path, judge);
  }

  /** Ends the judges that no camera of the configuration needs any more. */
  async keep(config: Config): Promise<void> {
    const needed = modelsOf(config);
    for (const [path, judge] of this.#judges) {
      if (needed.includes(path)) continue;
      this.#judges.delete(path);
      await judge.stop();
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

async function openJudge(path: string, options: JudgeOptions): Promise<Judge> {
  const precision = precisionIn(options);
  const bundle = await openBundle(path, precision).catch(async (error: Error) => {
    const before = await openVersionBefore(path, precision, error);
    tellFallback(options, before, error);
    return before;
  });
  return new Judge(path, bundle, options);
}
