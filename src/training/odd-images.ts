import type { Calibration } from '../bundle/calibration.js';

/** So many deviations above the median no good image lies by chance. */
const ODD = 5;

/** Makes the median of absolute deviations a standard deviation, were scores normal. */
const NORMAL = 1.4826;

/** An image that scores far above the others. */
export interface OddImage {
  readonly image: string;
  /** Above the median, in robust standard deviations. */
  readonly deviations: number;
}

/** Held-out images that score so far above the others that they may not be good at all; the highest first. */
export function oddImages(scores: Calibration['scores']): OddImage[] {
  const plain = scores.filter(({ degraded }) => !degraded);
  const middle = median(plain.map(({ score }) => score));
  const deviation = NORMAL * median(plain.map(({ score }) => Math.abs(score - middle)));
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

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = (sorted.length - 1) / 2;
  return (sorted[Math.floor(half)] + sorted[Math.ceil(half)]) / 2;
}
