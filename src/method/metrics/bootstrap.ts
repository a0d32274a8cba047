import { randomFrom } from '../../common/random.js';
import { auroc } from './roc.js';

/** The difference of two AUROCs with what chance alone might make of it. */
export interface AurocDifference {
  /** AUROC of the second less that of the first. */
  readonly difference: number;
  /** The middle 95 % of the differences over the resampled images. */
  readonly low: number;
  readonly high: number;
  readonly samples: number;
}

/**
 * Compares two detectors on the same images by the paired bootstrap (Efron and Tibshirani 1993, chapter 13): images are
 * drawn with replacement, good and anomalous ones apart, and both detectors are measured on each draw.
 *
 * @param labels true for anomalous images
 * @returns null without anomalous or without good images
 */
export function pairedBootstrap(
  first: readonly number[],
  second: readonly number[],
  labels: readonly boolean[],
  { samples = 2000, seed = 0 } = {},
): AurocDifference | null {
  const positions = labels.map((_, i) => i);
  const anomalous = positions.filter((i) => labels[i]);
  const good = positions.filter((i) => !labels[i]);
  const differenceOn = (positives: readonly number[], negatives: readonly number[]): number | null => {
    const [a, b] = [first, second].map((scores) => {
      const of = (chosen: readonly number[]) => chosen.map((i) => scores[i]);
      return auroc(of(positives), of(negatives));
    });
    return a === null || b === null ? null : b - a;
  };
  const difference = differenceOn(anomalous, good);
  if (difference === null) return null;
  const random = randomFrom(seed);
  const draw = (from: readonly number[]) => from.map(() => from[Math.floor(random() * from.length)]);
  const drawn = Array.from({ length: samples }, () => differenceOn(draw(anomalous), draw(good)) as number);
  drawn.sort((a, b) => a - b);
  const at = (share: number) => drawn[Math.min(samples - 1, Math.floor(share * samples))];
  return { difference, low: at(0.025), high: at(0.975), samples };
}
