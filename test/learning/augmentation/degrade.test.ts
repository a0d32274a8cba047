import { describe, expect, it } from 'vitest';
import { degradedCopies } from '../../../src/learning/augmentation/degrade.js';
import { PICTURE, picture } from '../../fixtures/product.js';

describe('degraded copies', () => {
  const size = [PICTURE, PICTURE] as const;
  const frames = [1, 2, 3].map((seed) => new Uint8Array(picture(seed, false).pixels));

  it('differ a little from their pictures, each in its own way, and are the same for the same seed', async () => {
    const copies = await degradedCopies(frames, size, 5);
    const isSame = async (seed: number) =>
      Buffer.concat(await degradedCopies(frames, size, seed)).equals(Buffer.concat(copies));
    expect(await isSame(5)).toBe(true);
    expect(await isSame(6)).toBe(false);
    for (const [i, copy] of copies.entries()) {
      expect(copy).toHaveLength(frames[i].length);
      const difference = copy.reduce((sum, value, at) => sum + Math.abs(value - frames[i][at]), 0) / copy.length;
      expect(difference).toBeGreaterThan(0.5);
      expect(difference).toBeLessThan(60);
    }
  });

  it('keep the noise of a sensor in most cases: only some are compressed, which would take it away', async () => {
    const flat = Array.from({ length: 40 }, () => new Uint8Array(PICTURE * PICTURE * 3).fill(128));
    const colourNoise = (copy: Uint8Array) => {
      let squares = 0;
      for (let i = 0; i < copy.length; i += 3) squares += (copy[i] - copy[i + 1]) ** 2;
      return Math.sqrt((3 * squares) / copy.length);
    };
    const noisy = (await degradedCopies(flat, size, 5)).filter((copy) => colourNoise(copy) > 3);
    expect(noisy.length).toBeGreaterThan(14);
    expect(noisy.length).toBeLessThan(30);
  });
});
