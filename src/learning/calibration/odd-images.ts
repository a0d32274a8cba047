import type { Calibration } from '../../method/bundle/calibration.js';
import { median, medianDeviation, NORMAL } from '../../method/metrics/robust.js';

/** So many deviations above the median no good image lies by chance. */
const ODD = 5;

/** An image that scores far above the others. */
export interface OddImage {
  readonly image: string;
  /** Above the median, in robust standard deviations. */
  readonly deviations: number;
}

/** Good images that score so far above the others that they may not be good at all; the highest first. */
export function oddImages(scores: Calibration['scores']): OddImage[] {
  const plain = scores.filter(({ degraded }) => !degraded);
  const values = plain.map(({ score }) => score);
  const [middle, deviation] = [median(values), NORMAL * medianDeviation(values)];
  if (!(deviation > 0)) return [];
  return plain
    .map(({ image, score }) => ({ image, deviations: (score - middle) / deviation }))
    .filter(({ deviations }) => deviations >= ODD)
    .sort((a, b) => b.deviations - a.deviations);
}

/** Says it in a line; undefined where there are none. */
export function describeOdd(odd: readonly OddImage[]): string | undefined {
  if (odd.length === 0) return undefined;
  const named = odd.map(({ image, deviations }) => `${image} (${deviations.toFixed(1)} deviations above the median)`);
  return `may not be good: ${named.join(', ')}`;
}
