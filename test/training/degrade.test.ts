import { describe, expect, it } from 'vitest';
import { degradedCopies } from '../../src/training/degrade.js';
import { PICTURE, picture } from '../fixtures/product.js';

describe('degraded copies', () => {
  const size = [PICTURE, PICTURE] as const;
  const frames = [1, 2, 3].map((seed) => new Uint8Array(picture(seed, false).pixels));

  it('differ a little from their pictures, each in its own way, and are the same for the same seed', async () => {
    const copies = await degradedCopies(frames, size, 5);
    expect(await degradedCopies(frames, size, 5)).toEqual(copies);
    expect(await degradedCopies(frames, size, 6)).not.toEqual(copies);
    for (const [i, copy] of copies.entries()) {
      expect(copy).toHaveLength(frames[i].length);
      const difference = copy.reduce((sum, value, at) => sum + Math.abs(value - frames[i][at]), 0) / copy.length;
      expect(difference).toBeGreaterThan(0.5);
      expect(difference).toBeLessThan(60);
    }
  });
});
