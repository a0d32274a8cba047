import { expect, it } from 'vitest';
import { appearanceOf, joinAppearances, usualAppearance } from '../../../src/method/images/appearance.js';

/** A picture of vertical stripes, so many pixels wide, of two grey levels. */
const stripes = (stripe: number, dark: number, light: number, [height, width] = [32, 64]) =>
  Uint8Array.from({ length: height * width * 3 }, (_, i) =>
    Math.floor((Math.floor(i / 3) % width) / stripe) % 2 ? light : dark,
  );
const size = [32, 64] as const;

it('brightness is the mean luminance', () => {
  expect(appearanceOf(stripes(4, 50, 150), size).brightness).toBeCloseTo(100, 3);
  const red = Uint8Array.from({ length: 32 * 64 * 3 }, (_, i) => (i % 3 === 0 ? 255 : 0));
  expect(appearanceOf(red, size).brightness).toBeCloseTo(0.299 * 255, 2);
});

it('sharpness goes by edges, not by light or contrast', () => {
  const { sharpness } = appearanceOf(stripes(4, 50, 150), size);
  expect(appearanceOf(stripes(4, 25, 75), size).sharpness).toBeCloseTo(sharpness, 4);
  expect(appearanceOf(stripes(4, 90, 110), size).sharpness).toBeCloseTo(sharpness, 4);
  expect(appearanceOf(stripes(16, 50, 150), size).sharpness).toBeLessThan(sharpness / 2);
});

it('a picture of one colour has no sharpness, and sides may be odd', () => {
  expect(appearanceOf(new Uint8Array(33 * 65 * 3).fill(9), [33, 65])).toEqual({
    brightness: expect.closeTo(9, 3),
    sharpness: 0,
  });
});

it('the usual appearance holds all pictures, and two of them together hold those of both', () => {
  const [a, b, c] = [stripes(4, 50, 150), stripes(16, 100, 140), stripes(8, 0, 80)];
  const usual = usualAppearance([a, b], size);
  expect(usual.brightness[0]).toBeCloseTo(100, 3);
  expect(usual.brightness[1]).toBeCloseTo(120, 3);
  expect(usual.sharpness).toBe(appearanceOf(b, size).sharpness);
  expect(joinAppearances(usual, usualAppearance([c], size))).toEqual(usualAppearance([a, b, c], size));
});
