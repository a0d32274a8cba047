import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { binomialInterval } from '../../../src/method/metrics/interval.js';

describe('binomialInterval', () => {
  it.each([
    // scipy.stats.binomtest(successes, trials).proportion_ci(0.95, 'exact')
    [0, 20, 0, 0.16843],
    [5, 10, 0.18709, 0.81291],
    [61, 63, 0.88998, 0.99613],
    [20, 20, 0.83157, 1],
    [3, 5000, 0.000124, 0.001753],
  ])('%i of %i', (successes, trials, low, high) => {
    const interval = binomialInterval(successes, trials);
    expect(interval.low).toBeCloseTo(low, 4);
    expect(interval.high).toBeCloseTo(high, 4);
  });

  it('knows nothing without trials', () => {
    expect(binomialInterval(0, 0)).toEqual({ low: 0, high: 1 });
  });

  it('holds the share that was seen, and shrinks with more trials', async () => {
    await fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.double({ min: 0, max: 1, noNaN: true }), (trials, share) => {
        const successes = Math.round(share * trials);
        const { low, high } = binomialInterval(successes, trials);
        const more = binomialInterval(4 * successes, 4 * trials);
        expect(low).toBeLessThanOrEqual(successes / trials);
        expect(high).toBeGreaterThanOrEqual(successes / trials);
        expect(more.high - more.low).toBeLessThan(high - low);
      }),
    );
  });
});
