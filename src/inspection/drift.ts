import { auroc } from '../metrics/roc.js';
import type { JudgedFrame } from './verdict.js';

/** Frames that are compared, and milliseconds between them at least: neighbouring frames tell the same. */
const WINDOW = 200;
const APART = 1000;
/** Fewer say nothing. */
const FEWEST = 50;
/** Warns from this share of pairs on, and again only after it has fallen below the other. */
const WARN = 0.9;
const CALM = 0.8;
/** Of the way from the usual score to the threshold, that the highest recent ones must have gone. */
const MARGIN = 0.5;

/** How the recent scores of a camera lie to those that its threshold was calibrated on. */
export interface Drift {
  /**
   * Probability that a recent good frame scores higher than a held-out image: 0.5 when nothing has changed, 1 when every frame does (the effect
   * size of the Mann-Whitney test; McGraw and Wong 1992).
   */
  readonly shift: number;
  /** The nineteenth twentieth of the recent scores, divided by the threshold. */
  readonly highRatio: number;
  /** True once when a warning is due: scores have shifted, and are half-way to false alarms. */
  readonly warn: boolean;
}

/** Compares a camera's good frames with the calibration, so that dust and light are noticed before they raise false alarms. */
export class DriftMonitor {
  readonly #calibration: readonly number[];
  readonly #usual: number;
  #recent: { readonly score: number; readonly ratio: number }[] = [];
  #lastTime = Number.NEGATIVE_INFINITY;
  #warned = false;

  /** @param calibration scores of the held-out good images */
  constructor(calibration: readonly number[]) {
    this.#calibration = calibration;
    this.#usual = quantile(calibration, 0.5);
  }

  /** @returns undefined for frames that are not looked at, and while there are too few */
  next({ verdict, frame }: JudgedFrame): Drift | undefined {
    const { score, ratio, threshold, anomalous } = verdict;
    if (anomalous || frame.steadyTime - this.#lastTime < APART) return undefined;
    this.#lastTime = frame.steadyTime;
    this.#recent = [...this.#recent, { score, ratio }].slice(-WINDOW);
    if (this.#recent.length < FEWEST) return undefined;
    const shift = auroc(
      this.#recent.map((one) => one.score),
      this.#calibration,
    ) as number;
    const highRatio = quantile(
      this.#recent.map((one) => one.ratio),
      0.95,
    );
    const usualRatio = this.#usual / threshold;
    const near = highRatio >= usualRatio + MARGIN * (1 - usualRatio);
    const warn = !this.#warned && shift >= WARN && near;
    if (warn) this.#warned = true;
    else if (shift < CALM) this.#warned = false;
    return { shift, highRatio, warn };
  }
}

function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(share * (sorted.length - 1))];
}
