import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { largest } from '../../../src/tools/benchmark/search.js';

describe('the search for the most cameras', () => {
  it('finds the largest count that holds, whatever it is', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(200), fc.integer({ min: 1, max: 100 }), async (limit, most) => {
        const found = await largest(most, async (count) => count <= limit);
        expect(found).toBe(Math.min(limit, most));
      }),
    );
  });

  it('asks about few counts, none of them twice, and none beyond the most', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(200), fc.integer({ min: 1, max: 100 }), async (limit, most) => {
        const asked: number[] = [];
        await largest(most, async (count) => {
          asked.push(count);
          return count <= limit;
        });
        expect(new Set(asked).size).toBe(asked.length);
        expect(Math.max(...asked)).toBeLessThanOrEqual(most);
        expect(asked.length).toBeLessThanOrEqual(2 * Math.log2(Math.min(limit, most) + 1) + 2);
      }),
    );
  });

  it('doubles, then halves what is in between', async () => {
    const asked: number[] = [];
    await largest(64, async (count) => asked.push(count) > 0 && count <= 5);
    expect(asked).toEqual([1, 2, 4, 8, 6, 5]);
  });
});
