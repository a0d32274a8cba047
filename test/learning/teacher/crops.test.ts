import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../src/common/random.js';
import { randomCrop, randomSquare } from '../../../src/learning/teacher/crops.js';
import type { Picture } from '../../../src/method/images/picture.js';
import { numbers } from '../../fixtures/numbers.js';

const noise = (width: number, height: number): Picture => ({
  width,
  height,
  pixels: Uint8Array.from(numbers(width * height * 3), (value) => 128 + 60 * value),
});

describe('a random crop', () => {
  it('has the size asked for, from pictures of any size', async () => {
    const sides = fc.integer({ min: 1, max: 200 });
    await fc.assert(
      fc.asyncProperty(sides, sides, fc.integer(), async (width, height, seed) => {
        expect(await randomCrop(noise(width, height), 32, randomFrom(seed))).toHaveLength(32 * 32 * 3);
      }),
      { numRuns: 40 },
    );
  });

  it('is another one each time, but the same for the same seed', async () => {
    const picture = noise(100, 80);
    const random = randomFrom(7);
    const [first, second] = [await randomCrop(picture, 32, random), await randomCrop(picture, 32, random)];
    expect(first).not.toEqual(second);
    expect(await randomCrop(picture, 32, randomFrom(7))).toEqual(first);
  });
});

describe('the square of a crop', () => {
  it('lies inside the picture and is no smaller than asked for, or the whole picture', () => {
    const sides = fc.integer({ min: 1, max: 4000 });
    fc.assert(
      fc.property(sides, sides, fc.integer({ min: 1, max: 200 }), fc.integer(), (width, height, least, seed) => {
        const { left, top, side } = randomSquare({ width, height }, least, randomFrom(seed));
        expect(side).toBeGreaterThanOrEqual(Math.min(least, width, height));
        expect(Math.min(left, top, width - side - left, height - side - top)).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
