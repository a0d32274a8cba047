import { expect, it } from 'vitest';
import { Likeness } from '../../../src/line/collect/likeness.js';
import { PICTURE, picture } from '../../fixtures/product.js';

const part = (seed: number, blotted: boolean) => ({
  width: PICTURE,
  height: PICTURE,
  pixels: picture(seed, blotted).pixels,
});

it('takes a picture with other noise for the same, and another part for another', async () => {
  const likeness = new Likeness();
  const first = part(1, false);
  const noisy = { ...first, pixels: first.pixels.map((value, i) => Math.min(255, value + (i % 3))) };
  expect(await likeness.isNew(first)).toBe(true);
  expect(await likeness.isNew(first)).toBe(false);
  expect(await likeness.isNew(noisy)).toBe(false);
  expect(await likeness.isNew(part(2, false))).toBe(true);
  expect(await likeness.isNew(part(1, true))).toBe(true);
});
