import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resampleBilinear } from '../../../src/method/images/resample.js';

describe('resampleBilinear', () => {
  it('interpolates between pixel centres when it enlarges, and repeats the border', () => {
    const enlarged = resampleBilinear(Uint8Array.of(0, 40), 1, [1, 2], [1, 4]);
    expect([...enlarged]).toEqual([0, 10, 30, 40]);
  });

  it('weighs by a triangle two outputs wide when it shrinks', () => {
    const [value] = resampleBilinear(Float32Array.of(0, 8, 0, 0), 1, [1, 4], [1, 2]);
    // Weights 3/8, 3/8, 1/8 of a triangle cut off at the border, normalised to 1.
    expect(value).toBeCloseTo((8 * 3) / 7, 5);
  });

  it('keeps channels apart', () => {
    expect([...resampleBilinear(Uint8Array.of(1, 50, 3, 70), 2, [1, 2], [1, 1])]).toEqual([2, 60]);
  });

  it('keeps a plain picture plain and stays within the range of its input', () => {
    const side = fc.integer({ min: 1, max: 12 });
    fc.assert(
      fc.property(
        side,
        side,
        side,
        side,
        fc.infiniteStream(fc.nat(255)),
        (height, width, newHeight, newWidth, values) => {
          const source = Uint8Array.from({ length: height * width }, () => values.next().value);
          const result = resampleBilinear(source, 1, [height, width], [newHeight, newWidth]);
          expect(result).toHaveLength(newHeight * newWidth);
          expect(Math.min(...result)).toBeGreaterThanOrEqual(Math.min(...source) - 1e-3);
          expect(Math.max(...result)).toBeLessThanOrEqual(Math.max(...source) + 1e-3);
        },
      ),
    );
  });
});
