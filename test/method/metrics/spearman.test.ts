import { describe, expect, it } from 'vitest';
import { spearman } from '../../../src/method/metrics/spearman.js';
import { golden } from './golden.js';

describe('spearman', () => {
  it('sees order only', () => {
    expect(spearman([1, 2, 3], [1, 10, 100])).toBe(1);
    expect(spearman([1, 2, 3], [0, -1, -5])).toBe(-1);
  });

  it('agrees with SciPy, ties included', () => {
    expect(spearman(golden.scores, golden.other)).toBeCloseTo(golden.spearman, 12);
  });

  it('is unknown where one side never changes', () => {
    expect(spearman([1, 2, 3], [5, 5, 5])).toBeNull();
    expect(spearman([1], [1])).toBeNull();
  });
});
