import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ignoredPixels, type Polygon, scoreWithout } from '../../src/inspection/ignored.js';

const drawn = (polygons: readonly Polygon[], [height, width]: readonly [number, number]) => {
  const ignored = ignoredPixels(polygons, [height, width]);
  return Array.from({ length: height }, (_, y) => [...ignored.subarray(y * width, (y + 1) * width)].join(''));
};

describe('ignored pixels', () => {
  it('are those with their centre inside a polygon', () => {
    const corner: Polygon = [
      [0, 0],
      [0.5, 0],
      [0, 1],
    ];
    const bar: Polygon = [
      [0.75, 0],
      [1, 0],
      [1, 1],
      [0.75, 1],
    ];
    expect(drawn([corner, bar], [4, 8])).toEqual(['11100011', '11000011', '10000011', '00000011']);
  });

  it('are all of them for the whole view, and none without polygons', () => {
    const whole: Polygon = [
      [0, 0],
      [1, 0],
      [1, 1],
      [0, 1],
    ];
    expect(drawn([whole], [3, 5])).toEqual(['11111', '11111', '11111']);
    expect(drawn([], [2, 2])).toEqual(['00', '00']);
  });

  it('leave the largest of the others as the score, and nothing in their place', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.float({ min: 0, max: 100, noNaN: true }), fc.boolean()), { minLength: 1 }),
        (pixels) => {
          const map = Float32Array.from(pixels, ([value]) => value);
          const ignored = Uint8Array.from(pixels, ([, away]) => Number(away));
          const left = [...map].filter((_, i) => !ignored[i]);
          expect(scoreWithout(map, ignored)).toBe(Math.max(0, ...left));
          expect([...map].filter((_, i) => ignored[i]).every((value) => value === 0)).toBe(true);
        },
      ),
    );
  });

  it('do not hide a map that is no number', () => {
    expect(scoreWithout(Float32Array.of(1, Number.NaN, 2), Uint8Array.of(0, 0, 1))).toBeNaN();
  });
});
