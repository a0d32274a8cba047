import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { maskOf, type Polygon, placeMask } from '../../../src/line/inspection/ignored.js';

const drawn = (polygons: readonly Polygon[], [height, width]: readonly [number, number]) => {
  const { pixels } = maskOf(polygons, [height, width]);
  return Array.from({ length: height }, (_, y) => [...pixels.subarray(y * width, (y + 1) * width)].join(''));
};
const rectangle = (left: number, top: number, right: number, bottom: number): Polygon => [
  [left, top],
  [right, top],
  [right, bottom],
  [left, bottom],
];

describe('a mask', () => {
  it('holds the pixels with their centre inside a polygon', () => {
    const corner: Polygon = [
      [0, 0],
      [0.5, 0],
      [0, 1],
    ];
    expect(drawn([corner, rectangle(0.75, 0, 1, 1)], [4, 8])).toEqual(['11100011', '11000011', '10000011', '00000011']);
  });

  it('tells its size, and how much of the map it leaves out', () => {
    expect(maskOf([], [2, 3])).toEqual({ pixels: new Uint8Array(6), size: [2, 3], share: 0 });
    expect(maskOf([rectangle(0, 0, 1, 0.25)], [8, 4])).toMatchObject({ size: [8, 4], share: 0.25 });
  });

  it('covers the same part of maps of every size', () => {
    const part = fc.double({ min: 0, max: 1, noNaN: true });
    const size = fc.tuple(fc.integer({ min: 8, max: 64 }), fc.integer({ min: 8, max: 64 }));
    fc.assert(
      fc.property(part, part, size, (a, b, [height, width]) => {
        const [left, right] = [Math.min(a, b), Math.max(a, b)];
        fc.pre(right - left < 0.8);
        const { share } = maskOf([rectangle(left, 0, right, 0.5)], [height, width]);
        expect(Math.abs(share - (right - left) / 2)).toBeLessThan(0.5 / width + 0.5 / height + 1e-9);
      }),
    );
  });

  it.each([
    ['the whole view', [rectangle(0, 0, 1, 1)]],
    ['two halves', [rectangle(0, 0, 0.5, 1), rectangle(0.5, 0, 1, 1)]],
    ['all but a line that is thinner than a pixel', [rectangle(0, 0, 1, 0.99)]],
  ])('is refused where nothing would be left: %s', (_, polygons) => {
    expect(() => maskOf(polygons, [8, 4])).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        message: expect.stringMatching(/leave nothing of the anomaly map of 4 x 8/),
      }),
    );
  });
});

describe('a mask of a picture with padding around it', () => {
  const rows = ({ pixels, size: [height, width] }: ReturnType<typeof maskOf>) =>
    Array.from({ length: height }, (_, y) => [...pixels.subarray(y * width, (y + 1) * width)].join(''));

  it('lies on the picture, and on the padding', () => {
    const mask = maskOf([rectangle(0, 0, 0.5, 1)], [8, 8]);
    const placed = placeMask(mask, { left: 0, top: 16, width: 64, height: 32 }, [64, 64]);
    const padding = '11111111';
    expect(rows(placed)).toEqual([padding, padding, ...Array(4).fill('11110000'), padding, padding]);
    expect(placed).toMatchObject({ size: [8, 8], share: 0.75 });
  });

  it('leaves a part that counts, however small the picture is', () => {
    const side = fc.tuple(fc.integer({ min: 0, max: 63 }), fc.integer({ min: 1, max: 64 }));
    fc.assert(
      fc.property(side, side, fc.constantFrom(4, 8, 16), ([left, width], [top, height], size) => {
        const place = { left, top, width: Math.min(width, 64 - left), height: Math.min(height, 64 - top) };
        const { share } = placeMask(maskOf([rectangle(0, 0, 1, 0.8)], [size, size]), place, [64, 64]);
        expect(share).toBeLessThan(1);
      }),
    );
  });
});
