import { expect, it } from 'vitest';
import { rounded } from '../../../src/tools/benchmark/statistics.js';

it('rounding keeps a number a number', () => {
  expect(rounded(1.005, 1)).toBe(1);
  expect(rounded(12.3456, 2)).toBe(12.35);
});
