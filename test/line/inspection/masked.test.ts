import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scoreMasked } from '../../../src/line/inspection/masked.js';

/** A map and a mask of one row. */
function row(values: readonly number[], ignored: readonly boolean[]) {
  const size = [1, values.length] as const;
  const pixels = Uint8Array.from(ignored, Number);
  return [
    { values: Float32Array.from(values), size },
    { pixels, size, share: 0 },
  ] as const;
}

describe('a map under a mask', () => {
  it('scores the largest of the values that count, and shows nothing in place of the others', () => {
    const pixel = fc.tuple(fc.float({ min: 0, max: 100, noNaN: true }), fc.boolean());
    fc.assert(
      fc.property(fc.array(pixel, { minLength: 1 }), fc.float({ min: 0, max: 100, noNaN: true }), (pixels, last) => {
        const values = [...pixels.map(([value]) => value), last];
        const ignored = [...pixels.map(([, away]) => away), false];
        const [map, mask] = row(values, ignored);
        const { score, map: shown } = scoreMasked(map, mask, { by: 'max' });
        expect(score).toBe(Math.max(...[...map.values].filter((_, i) => !ignored[i])));
        expect([...shown.values]).toEqual([...map.values].map((value, i) => (ignored[i] ? 0 : value)));
        expect([...map.values]).toEqual(values.map(Math.fround));
      }),
    );
  });

  it.each([
    [
      [1, Number.NaN, 2],
      [false, false, true],
    ],
    [
      [Number.NaN, 1, 2],
      [false, false, false],
    ],
    [
      [1, 2, Number.NaN],
      [true, false, false],
    ],
  ])('is no score where a value that counts is no number: %j', (values, ignored) => {
    expect(scoreMasked(...row(values, ignored), { by: 'max' }).score).toBeNaN();
  });

  it('may hold what is no number where it does not count', () => {
    expect(scoreMasked(...row([1, Number.NaN], [false, true]), { by: 'max' }).score).toBe(1);
  });

  it('is refused where the mask was made for another size, be it of as many pixels', () => {
    const map = { values: new Float32Array(8), size: [2, 4] as const };
    for (const size of [
      [4, 2],
      [8, 8],
      [1, 4],
    ] as const) {
      const mask = { pixels: new Uint8Array(size[0] * size[1]), size, share: 0 };
      expect(() => scoreMasked(map, mask, { by: 'max' })).toThrow(`a mask of ${size.join(' x ')} for a map of 2 x 4`);
    }
  });
});
