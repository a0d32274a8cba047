import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { drawOverlay, renderOverlay } from '../../../src/line/inspection/heatmap.js';

const [width, height] = [40, 30];
const grey = 100;
const pixels = new Uint8Array(width * height * 3).fill(grey);
const base = { pixels, width, height, threshold: 0.5 };

const mapOf = (values: Float32Array) => ({ values, size: [3, 4] as const });

/** A map that is `low`, but `high` in its upper right corner. */
const corner = (high: number, low = 0) => mapOf(Float32Array.from({ length: 12 }, (_, i) => (i === 3 ? high : low)));
const at = (overlay: Uint8Array, x: number, y: number) => [
  ...overlay.subarray((y * width + x) * 3, (y * width + x) * 3 + 3),
];

describe('drawOverlay', () => {
  it('leaves a quiet picture untouched, and the input always', () => {
    expect(drawOverlay({ ...base, map: corner(0.15) })).toEqual(pixels);
    drawOverlay({ ...base, map: corner(2) });
    expect(pixels.every((value) => value === grey)).toBe(true);
  });

  it('is hot where the map is high, and only there', () => {
    const overlay = drawOverlay({ ...base, map: corner(2) });
    const [red, , blue] = at(overlay, width - 1, 0);
    expect(red).toBeGreaterThan(blue + 30);
    expect(at(overlay, 0, height - 1)).toEqual([grey, grey, grey]);
  });

  it('measures heat by the threshold, not by the hottest pixel of the picture', () => {
    const plain = (value: number) => at(drawOverlay({ ...base, map: mapOf(new Float32Array(12).fill(value)) }), 20, 15);
    expect(plain(0.1)).toEqual([grey, grey, grey]);
    const distances = [0.3, 0.6, 1].map((value) => Math.hypot(...plain(value).map((channel) => channel - grey)));
    expect(distances).toEqual([...distances].sort((a, b) => a - b));
    expect(plain(1)).toEqual(plain(5));
  });

  it('lets the picture show through even where it is hottest', () => {
    const striped = pixels.map((_, i) => (i % 6 < 3 ? 60 : 160));
    const overlay = drawOverlay({ ...base, pixels: striped, map: mapOf(new Float32Array(12).fill(9)) });
    expect(at(overlay, 21, 15)[0] - at(overlay, 20, 15)[0]).toBeGreaterThan(30);
  });

  it('draws a line, white on black, around what reaches the threshold, none below', () => {
    const colours = (overlay: Uint8Array) => {
      const all = Array.from({ length: width * height }, (_, i) =>
        at(overlay, i % width, Math.floor(i / width)).join(),
      );
      return { white: all.filter((c) => c === '255,255,255').length, black: all.filter((c) => c === '0,0,0').length };
    };
    const none = colours(drawOverlay({ ...base, map: corner(0.45) }));
    expect(none).toEqual({ white: 0, black: 0 });
    const line = colours(drawOverlay({ ...base, map: corner(0.9) }));
    expect(line.white).toBeGreaterThan(5);
    expect(line.black).toBeGreaterThan(5);
    // The line is at the threshold: the map at 0.9 falls to 0.5 within half a cell, about five pixels.
    expect(line.white).toBeLessThan(30);
  });
});

describe('renderOverlay', () => {
  it.each(['jpeg', 'png'] as const)('encodes the picture at its own size (%s)', async (format) => {
    const encoded = await renderOverlay({ ...base, map: corner(2) }, format);
    expect(await sharp(encoded).metadata()).toMatchObject({ format, width, height, channels: 3 });
  });

  it('keeps every pixel in a PNG', async () => {
    const heatmap = { ...base, map: corner(2) };
    const decoded = await sharp(await renderOverlay(heatmap, 'png'))
      .raw()
      .toBuffer();
    expect(new Uint8Array(decoded)).toEqual(drawOverlay(heatmap));
  });
});
