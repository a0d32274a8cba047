import { describe, expect, it } from 'vitest';
import { describeOdd, oddImages } from '../../../src/learning/calibration/odd-images.js';

const scores = (...values: number[]) => values.map((score, i) => ({ image: `${i}.png`, score }));

describe('odd images', () => {
  it('are those far above the others, the highest first, however many there are', () => {
    const odd = oddImages(scores(1, 1.1, 0.9, 1.05, 3, 0.95, 1, 2, 1.02));
    expect(odd.map(({ image }) => image)).toEqual(['4.png', '7.png']);
    expect(describeOdd(odd)).toMatch(/^may not be good: 4\.png \(\d+\.\d deviations above the median\), 7\.png/);
  });

  it('are not found among scores that are merely spread, all alike, or of degraded copies', () => {
    expect(oddImages(scores(1, 2, 3, 4, 5))).toEqual([]);
    expect(oddImages(scores(1, 1, 1, 1))).toEqual([]);
    expect(oddImages([...scores(1, 1.1, 0.9), { image: 'copy.png', score: 99, degraded: true }])).toEqual([]);
    expect(describeOdd([])).toBeUndefined();
  });
});
