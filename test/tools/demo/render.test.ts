import { beforeAll, describe, expect, it } from 'vitest';
import { randomFrom } from '../../../src/common/random.js';
import type { Picture } from '../../../src/method/images/picture.js';
import { products } from '../../../src/tools/demo/products/index.js';
import { PICTURE } from '../../../src/tools/demo/products/product.js';
import { renderPart, withSensorNoise } from '../../../src/tools/demo/render.js';

/** Vitest's `toEqual` takes seconds for pictures. */
const alike = (one: Picture, other: Picture) => Buffer.compare(one.pixels, other.pixels) === 0;

describe.each(Object.values(products))('a rendered $name', (product) => {
  const kinds = Object.keys(product.kinds);
  const seeds = [11, 12, 13];
  let good: Awaited<ReturnType<typeof renderPart>>[];
  beforeAll(async () => {
    good = await Promise.all(seeds.map((seed) => renderPart(product, seed)));
  });

  it('is the same for the same seed, and another one for another', async () => {
    const [first, again, other] = [
      await renderPart(product, 1),
      await renderPart(product, 1),
      await renderPart(product, 2),
    ];
    expect(first.picture.pixels).toHaveLength(PICTURE * PICTURE * 3);
    expect(first.mask).toBeUndefined();
    expect(alike(again.picture, first.picture)).toBe(true);
    expect(alike(other.picture, first.picture)).toBe(false);
  });

  it.each(kinds)('with a defect (%s) differs from the good one exactly where the mask says', async (kind) => {
    for (const [i, seed] of seeds.entries()) {
      const bad = await renderPart(product, seed, kind);
      const mask = bad.mask as Uint8Array;
      const changed = mask.map((_, pixel) => {
        const differences = [0, 1, 2].map((c) =>
          Math.abs(bad.picture.pixels[3 * pixel + c] - good[i].picture.pixels[3 * pixel + c]),
        );
        return Math.max(...differences) > 12 ? 1 : 0;
      });
      const area = mask.reduce((a, b) => a + b);
      const inside = changed.filter((one, pixel) => one && mask[pixel]).length;
      const outside = changed.filter((one, pixel) => one && !mask[pixel]).length;
      expect(area).toBeGreaterThan(30);
      expect(area).toBeLessThan(0.05 * PICTURE * PICTURE);
      expect(inside / area).toBeGreaterThan(0.3);
      expect(outside).toBeLessThan(0.35 * area);
    }
  });
});

it('sensor noise changes every frame a little', async () => {
  const { picture } = await renderPart(products.bracket, 1);
  const random = randomFrom(5);
  const [first, second] = [withSensorNoise(picture, random), withSensorNoise(picture, random)];
  expect(alike(second, first)).toBe(false);
  const deviation = Math.sqrt(
    first.pixels.reduce((sum, value, i) => sum + (value - picture.pixels[i]) ** 2, 0) / first.pixels.length,
  );
  expect(deviation).toBeGreaterThan(2);
  expect(deviation).toBeLessThan(3);
});
