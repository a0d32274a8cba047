import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { isOtherScene, lookOf } from '../../../src/line/inspection/frame-scene.js';
import { usualAppearance } from '../../../src/method/images/appearance.js';
import { PICTURE, picture } from '../../fixtures/product.js';

/** A map of a hundred values, of which so many are odd. */
const map = (odd: number, value: number) => Float32Array.from({ length: 100 }, (_, i) => (i < odd ? value : 1));

describe('the look of a frame', () => {
  const size = [PICTURE, PICTURE] as const;
  const good = Array.from({ length: 10 }, (_, i) => picture(i).pixels);
  const usual = usualAppearance(good, size);
  const lit = (factor: number) => Uint8Array.from(good[0], (value) => Math.min(255, factor * value));
  const blurred = async (sigma: number) => {
    const raw = { width: PICTURE, height: PICTURE, channels: 3 } as const;
    return new Uint8Array(await sharp(good[0], { raw }).blur(sigma).raw().toBuffer());
  };

  it('is as usual for good and defective pictures, in a little more or less light or focus', async () => {
    const defective = Array.from({ length: 10 }, (_, i) => picture(100 + i, true).pixels);
    for (const frame of [...good, ...defective, lit(0.8), lit(1.2), await blurred(0.6)])
      expect(lookOf(frame, size, usual)).toBeUndefined();
  });

  it.each([0, 0.2, 0.5])('is dark at %f of the light', (factor) => {
    expect(lookOf(lit(factor), size, usual)).toBe('dark');
  });

  it('is bright where most is white', () => {
    expect(lookOf(lit(2.5), size, usual)).toBe('bright');
  });

  it('is blurred where edges are gone', async () => {
    expect(lookOf(await blurred(4), size, usual)).toBe('blurred');
  });
});

describe('another scene', () => {
  it('is a frame that is odd all over, not one with a defect', () => {
    expect(isOtherScene(map(100, 3), 1.1)).toBe(true);
    expect(isOtherScene(map(5, 20), 1.1)).toBe(false);
    expect(isOtherScene(map(0, 0), 1.1)).toBe(false);
  });

  it('is never told by bundles that do not know what is usual', () => {
    expect(isOtherScene(map(100, 1000), undefined)).toBe(false);
  });
});
