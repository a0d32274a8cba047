import { median } from '../../method/metrics/robust.js';
import { type SceneShift, sceneShift } from './scene.js';
import { describeLack } from './support.js';
import type { Calibrated } from './threshold.js';
import { chooseThreshold } from './threshold-rules.js';

/** Judged parts below which a threshold would be a guess. */
export const FEWEST_PARTS = 30;

/** Bars of a histogram; the last one holds all that lies above, too. */
const BARS = 20;
/**
 * The last bar begins so far above the higher of both thresholds: parts that are far worse would leave the others a bar
 * or two.
 */
const HEADROOM = 1.25;

/** A threshold from the scores of parts on the line, beside the one that holds. */
export interface LineCalibration {
  /** Judged parts that it goes by. */
  readonly parts: number;
  /** The rate that it is for, as a part of 1. */
  readonly falseAlarms: number;
  /** Why so few parts cannot support that rate; undefined where they can. */
  readonly lack?: string;
  readonly held: number;
  readonly proposed: number;
  /** The proposed one by that of the model. */
  readonly factor: number;
  /** Parts that are anomalous by each. */
  readonly anomalous: { readonly held: number; readonly proposed: number };
  readonly histograms: Histograms;
  readonly scene?: SceneShift;
}

/**
 * Bars of the same scores, evenly wide from `from` to `to`; lower scores count in the first, higher ones in the last.
 */
export interface Histograms {
  readonly from: number;
  readonly to: number;
  /** Of the held-out images that the model was calibrated on. */
  readonly calibration: readonly number[];
  /** Of the parts on the line. */
  readonly line: readonly number[];
}

/**
 * Proposes a threshold by the rule that a few bad parts among the scores move little.
 * @param scores of the parts that were judged last, FEWEST_PARTS or more
 * @param held the threshold that holds now
 */
export function calibrateOnLine(
  model: Calibrated,
  scores: readonly number[],
  { held, falseAlarms }: { readonly held: number; readonly falseAlarms: number },
): LineCalibration {
  const proposed = chooseThreshold(scores, 'median-spread', { falseAlarms }).value;
  const above = (threshold: number) => scores.filter((score) => score >= threshold).length;
  const calibration = model.calibration.scores.filter(({ degraded }) => !degraded).map(({ score }) => score);
  const from = Math.min(...scores, ...calibration);
  const to = Math.max(HEADROOM * Math.max(held, proposed), median(scores));
  const histogram = (values: readonly number[]) => {
    const counts = Array<number>(BARS).fill(0);
    for (const value of values) counts[Math.min(BARS - 1, Math.floor((BARS * (value - from)) / (to - from)))]++;
    return counts;
  };
  return {
    parts: scores.length,
    falseAlarms,
    lack: describeLack({ images: scores.length, least: 1 / (scores.length + 1) }, falseAlarms, 'judged parts'),
    held,
    proposed,
    factor: proposed / model.threshold,
    anomalous: { held: above(held), proposed: above(proposed) },
    histograms: { from, to, calibration: histogram(calibration), line: histogram(scores) },
    scene: sceneShift(scores, model.calibration.scores),
  };
}
