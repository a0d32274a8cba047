import { describe, expect, it } from 'vitest';
import { badScaling, threadCounts } from '../../../src/tools/benchmark/threads.js';

describe('the threads of a benchmark', () => {
  it.each([
    [1, [1]],
    [2, [1, 2]],
    [6, [1, 2, 4, 6]],
    [8, [1, 2, 4, 8]],
  ])('are doubled, up to %d', (most, counts) => {
    expect(threadCounts(most)).toEqual(counts);
  });

  it.each<[Record<number, number>, string | undefined]>([
    [{ 1: 40 }, undefined],
    [{ 1: 40, 2: 22 }, undefined],
    [{ 1: 40, 2: 40 }, '2 threads are 1.0 times as fast as one: inspection.threads: 1 is as good'],
    [{ 1: 40, 2: 30 }, '2 threads are 1.3 times as fast as one: other programs? hyper-threads?'],
    [{ 1: 40, 2: 21, 4: 12 }, undefined],
    [{ 1: 40, 2: 21, 4: 20 }, '4 threads are 2.0 times as fast as one: inspection.threads: 2 is as good'],
    [{ 1: 40, 2: 60 }, '2 threads are 0.7 times as fast as one: inspection.threads: 1 is as good'],
  ])('bring what they should, or the benchmark says so: %j', (milliseconds, warning) => {
    expect(badScaling(milliseconds)).toBe(warning);
  });
});
