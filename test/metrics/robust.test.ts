import { expect, it } from 'vitest';
import { median, medianDeviation } from '../../src/metrics/robust.js';

it('takes the middle of values, and of how far they lie from it', () => {
  expect(median([3])).toBe(3);
  expect(median([5, 1, 2, 100])).toBe(3.5);
  expect(medianDeviation([1, 2, 3, 4, 1000])).toBe(1);
});
