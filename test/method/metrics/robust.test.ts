import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { median, medianDeviation, quantile } from '../../../src/method/metrics/robust.js';

it('takes the middle of values, and of how far they lie from it', () => {
  expect(median([3])).toBe(3);
  expect(median([5, 1, 2, 100])).toBe(3.5);
  expect(medianDeviation([1, 2, 3, 4, 1000])).toBe(1);
});

const values = fc.array(fc.double({ noNaN: true, min: -1e6, max: 1e6 }), { minLength: 1 });

describe('a quantile', () => {
  it('lies between values where none is in its place', () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(quantile([0, 10], 0.95)).toBeCloseTo(9.5);
  });

  it('leaves as many values on either side as it says, in any order', async () => {
    await fc.assert(
      fc.property(values, fc.double({ noNaN: true, min: 0, max: 1 }), (values, share) => {
        const at = quantile(values, share);
        const places = share * (values.length - 1);
        expect(values.filter((value) => value < at).length).toBeLessThanOrEqual(Math.ceil(places));
        expect(values.filter((value) => value > at).length).toBeLessThanOrEqual(Math.ceil(values.length - 1 - places));
      }),
    );
  });

  it('of nothing is an error', () => {
    expect(() => quantile([], 0.5)).toThrow('no values');
  });
});
