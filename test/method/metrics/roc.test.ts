import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { auroc, RocReference } from '../../../src/method/metrics/roc.js';
import { golden } from './golden.js';

// Few distinct values, so that ties are common.
const scores = fc.array(fc.integer({ min: -5, max: 5 }), { minLength: 1, maxLength: 30 });

describe('auroc', () => {
  it.each([
    ['all anomalies above', [3, 4], [1, 2], 1],
    ['all anomalies below', [1, 2], [3, 4], 0],
    ['everything tied', [1, 1, 1], [1, 1], 0.5],
    ['one of four pairs the wrong way', [2, 4], [1, 3], 0.75],
    ['one of four pairs tied', [2, 4], [1, 2], 0.875],
  ])('%s', (_, positives, negatives, expected) => {
    expect(auroc(positives, negatives)).toBe(expected);
  });

  it('is unknown without anomalies or without good ones', () => {
    expect(auroc([], [1])).toBeNull();
    expect(auroc([1], [])).toBeNull();
  });

  it('agrees with scikit-learn, ties included', () => {
    const { labels } = golden;
    const positives = golden.scores.filter((_, i) => labels[i]);
    const negatives = golden.scores.filter((_, i) => !labels[i]);
    expect(auroc(positives, negatives)).toBeCloseTo(golden.auroc, 12);
    expect(auroc(Float32Array.from(positives), Float32Array.from(negatives))).toBeCloseTo(golden.auroc, 12);
  });

  it('is the part of pairs in the right order, ties counting half', () => {
    fc.assert(
      fc.property(scores, scores, (positives, negatives) => {
        const pairs = positives.flatMap((positive) =>
          negatives.map((negative) => (Math.sign(positive - negative) + 1) / 2),
        );
        const expected = pairs.reduce((sum, pair) => sum + pair, 0) / pairs.length;
        expect(auroc(positives, negatives)).toBeCloseTo(expected, 12);
      }),
    );
  });

  it('does not change under monotone maps, and turns to its complement when negated', () => {
    fc.assert(
      fc.property(scores, scores, (positives, negatives) => {
        const area = auroc(positives, negatives)!;
        const cube = (value: number) => value ** 3 / 7 + 2;
        expect(auroc(positives.map(cube), negatives.map(cube))).toBe(area);
        const negate = (value: number) => -value;
        expect(auroc(positives.map(negate), negatives.map(negate))).toBeCloseTo(1 - area, 12);
      }),
    );
  });

  it('leaves its inputs as they are', () => {
    const negatives = Float32Array.of(3, 1, 2);
    auroc([2], negatives);
    expect([...negatives]).toEqual([3, 1, 2]);
  });

  it('takes a million pixels within seconds', () => {
    const pixels = Float32Array.from({ length: 1_000_000 }, (_, i) => Math.sin(i * 1000));
    const start = performance.now();
    auroc(pixels.subarray(0, 100_000), pixels.subarray(100_000));
    expect(performance.now() - start).toBeLessThan(60_000);
  });
});

describe('RocReference', () => {
  it('cuts the area at the limit, along a tie as well', () => {
    const reference = new RocReference([1, 2, 2, 3]);
    expect(reference.areaOf(4, 0.5)).toBe(0.5);
    expect(reference.areaOf(2.5, 0.5)).toBe(0.25);
    // The tie rises from a rate of 0.25 to 0.75; up to 0.5 it has reached half of it.
    expect(reference.areaOf(2, 0.5)).toBe((0.25 * 0.5) / 2);
    expect(reference.areaOf(0, 0.5)).toBe(0);
  });
});
