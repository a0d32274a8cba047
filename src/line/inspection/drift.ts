import { type SceneShift, sceneShift } from '../../learning/calibration/scene.js';
import type { Calibration } from '../../method/bundle/calibration.js';
import { median, medianDeviation, quantile } from '../../method/metrics/robust.js';
import { auroc } from '../../method/metrics/roc.js';
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
/**
 * Recent scores that vary less than this part of the calibration's are of one part that stands still: where they lie
 * says nothing of the scene.
 */
const STILL = 0.25;
/**
 * Of the median from the calibration's, in MADs: less than it takes to warn, so that a scene at the limit warns once.
 */
const CALM_SCENE = 2;

/** What a warning is about: scores have come near to false alarms, or are those of another scene. */
export type DriftReason = 'margin' | 'scene';

/** How the recent scores of a camera lie to those that its threshold was calibrated on. */
export interface Drift {
  /**
   * Probability that a recent good frame scores higher than a held-out image: 0.5 when nothing has changed, 1 when
   * every frame does (the effect size of the Mann-Whitney test; McGraw and Wong 1992).
   */
  readonly shift: number;
  /** 95th percentile of the recent score-to-threshold ratios. */
  readonly highRatio: number;
  /** Undefined where the calibration has too few images to tell. */
  readonly scene?: SceneShift;
  /** Each once when it is due. */
  readonly warnings: readonly DriftReason[];
}

/**
 * Compares a camera's good frames with the calibration, so that dust and light are noticed before they raise false
 * alarms.
 */
export class DriftMonitor {
  readonly #heldOut: Calibration['scores'];
  readonly #calibration: readonly number[];
  readonly #spread: number;
  readonly #usual: number;
  #recent: { readonly score: number; readonly ratio: number }[] = [];
  #lastTime = Number.NEGATIVE_INFINITY;
  readonly #warned = new Set<DriftReason>();

  /** @param heldOut scores of the held-out good images */
  constructor(heldOut: Calibration['scores']) {
    this.#heldOut = heldOut;
    this.#calibration = heldOut.map(({ score }) => score);
    this.#usual = median(this.#calibration);
    this.#spread = medianDeviation(this.#calibration);
  }

  /** @returns undefined for frames that are not looked at, and while there are too few */
  next({ verdict, frame }: JudgedFrame): Drift | undefined {
    const { score, ratio, threshold, anomalous } = verdict;
    if (anomalous || frame.steadyTime - this.#lastTime < APART) return undefined;
    this.#lastTime = frame.steadyTime;
    this.#recent = [...this.#recent, { score, ratio }].slice(-WINDOW);
    if (this.#recent.length < FEWEST) return undefined;
    const scores = this.#recent.map((one) => one.score);
    const shift = auroc(scores, this.#calibration) as number;
    const highRatio = quantile(
      this.#recent.map((one) => one.ratio),
      0.95,
    );
    const usualRatio = this.#usual / threshold;
    const near = highRatio >= usualRatio + MARGIN * (1 - usualRatio);
    const scene = sceneShift(scores, this.#heldOut);
    const moves = medianDeviation(scores) >= STILL * this.#spread;
    const warnings = [
      ...this.#warn('margin', shift >= WARN && near, shift < CALM),
      ...this.#warn('scene', moves && scene?.changed === true, Math.abs(scene?.deviations ?? 0) < CALM_SCENE),
    ];
    return { shift, highRatio, scene, warnings };
  }

  /** Once, until it is calm again. */
  #warn(reason: DriftReason, due: boolean, calm: boolean): DriftReason[] {
    if (calm) this.#warned.delete(reason);
    if (!due || this.#warned.has(reason)) return [];
    this.#warned.add(reason);
    return [reason];
  }
}
