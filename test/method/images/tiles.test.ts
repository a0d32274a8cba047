import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { imagenetPreprocessing } from '../../../src/method/images/preprocessing.js';
import { frameOf, framesAtOnce, tileGrid, viewsOf } from '../../../src/method/images/tiles.js';

const sixteenths = (least: number, most: number) => fc.integer({ min: least, max: most }).map((n) => 16 * n);
const cut = fc.record({
  rows: fc.integer({ min: 1, max: 8 }),
  columns: fc.integer({ min: 1, max: 8 }),
  overlap: fc.double({ min: 0, max: 0.5, noNaN: true }),
});

describe('a frame in tiles', () => {
  it('is covered, on the grid of the coarsest layer', () => {
    fc.assert(
      fc.property(sixteenths(16, 128), sixteenths(16, 128), cut, (height, width, tiles) => {
        const grid = tileGrid({ size: [height, width], tiles });
        expect([grid?.tops.length, grid?.lefts.length]).toEqual([tiles.rows, tiles.columns]);
        const sides = [
          [grid?.tops, grid?.size[0], height],
          [grid?.lefts, grid?.size[1], width],
        ] as [number[], number, number][];
        for (const [starts, tile, length] of sides) {
          expect([...starts, tile].every((value) => value % 16 === 0)).toBe(true);
          expect([starts[0], starts[starts.length - 1] + tile]).toEqual([0, length]);
          for (const [i, start] of starts.slice(1).entries()) expect(start).toBeLessThanOrEqual(starts[i] + tile);
        }
      }),
    );
  });

  it('gives tiles the size that they were asked for, and the overlap', () => {
    const tiles = { rows: 3, columns: 4, overlap: 0.1 };
    const size = frameOf([256, 256], tiles);
    expect(size).toEqual([704, 944]);
    const grid = tileGrid({ size, tiles });
    expect(grid).toEqual({ size: [256, 256], tops: [0, 224, 448], lefts: [0, 224, 464, 688] });
    expect(frameOf([256, 448], undefined)).toEqual([256, 448]);
    expect(tileGrid({ size, tiles: undefined })).toBeUndefined();
  });

  it('is seen as its tiles, row by row', () => {
    const tiles = { rows: 2, columns: 1, overlap: 0 };
    const frames = [0, 100].map((from) =>
      Uint8Array.from({ length: 32 * 16 * 3 }, (_, i) => from + Math.floor(i / 48)),
    );
    const { views, preprocessing } = viewsOf(frames, { ...imagenetPreprocessing, size: [32, 16], tiles });
    expect(preprocessing).toMatchObject({ size: [16, 16], tiles: undefined });
    expect(views.map((view) => [view.length, view[0], view[767]])).toEqual([
      [768, 0, 15],
      [768, 16, 31],
      [768, 100, 115],
      [768, 116, 131],
    ]);
    expect(viewsOf(frames, imagenetPreprocessing).views).toBe(frames);
  });

  it('makes a batch of fewer frames, one at least', () => {
    expect(framesAtOnce(8, { rows: 2, columns: 2, overlap: 0 })).toBe(2);
    expect(framesAtOnce(8, { rows: 3, columns: 4, overlap: 0 })).toBe(1);
    expect(framesAtOnce(8, undefined)).toBe(8);
  });
});
