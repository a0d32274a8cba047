import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../../src/line/camera/ffmpeg/ffmpeg.js';
import { readVideo } from '../../../src/line/camera/video.js';
import { aspectIn, PADDING, placeIn, placement } from '../../../src/method/images/framing.js';
import { decodeImage, framePicture, readMask } from '../../../src/method/images/image.js';
import { shapeOf } from '../../../src/method/images/shape.js';
import { folderWith } from '../../fixtures/folder.js';

const side = fc.integer({ min: 1, max: 3000 });

describe('a picture in a frame', () => {
  it('lies inside, as large as it can be', () => {
    fc.assert(
      fc.property(side, side, fc.double({ min: 0.25, max: 4, noNaN: true }), (width, height, aspect) => {
        const size = [256, 512] as const;
        const place = placement({ width, height }, { size, aspect });
        expect(place.left + place.width).toBeLessThanOrEqual(512);
        expect(place.top + place.height).toBeLessThanOrEqual(256);
        expect(place.width === 512 || place.height === 256).toBe(true);
      }),
    );
  });

  it('fills the frame where its shape is about that of the others, and is padded in the middle where it is not', async () => {
    const framing = { size: [256, 512], aspect: 2 } as const;
    expect(placement({ width: 1000, height: 510 }, framing)).toEqual({ left: 0, top: 0, width: 512, height: 256 });
    expect(placement({ width: 300, height: 300 }, framing)).toEqual({ left: 128, top: 0, width: 256, height: 256 });
    expect(placement({ width: 800, height: 100 }, framing)).toEqual({ left: 0, top: 96, width: 512, height: 64 });
    const white = { width: 4, height: 4, pixels: new Uint8Array(48).fill(255) };
    const { pixels } = await framePicture(white, { size: [16, 32], aspect: 2 });
    const at = (x: number, y: number) => [...pixels.subarray((y * 32 + x) * 3, (y * 32 + x) * 3 + 3)];
    expect([at(7, 3), at(8, 3), at(23, 15), at(24, 15)]).toEqual([
      [...PADDING],
      [255, 255, 255],
      [255, 255, 255],
      [...PADDING],
    ]);
  });

  it('is found by the padding around it', async () => {
    for (const [width, height] of [
      [64, 32],
      [32, 32],
      [40, 8],
      [6, 40],
    ]) {
      const framing = { size: [16, 32], aspect: 2 } as const;
      const picture = { width, height, pixels: new Uint8Array(width * height * 3).fill(90) };
      expect(placeIn(await framePicture(picture, framing))).toEqual(placement(picture, framing));
    }
  });

  it('has its mask in the same place', async () => {
    const path = join(await folderWith(), 'mask.png');
    await sharp(new Uint8Array(16).fill(255), { raw: { width: 4, height: 4, channels: 1 } }).toFile(path);
    const mask = await readMask(path, [16, 32], 2);
    expect(mask.reduce((sum, one) => sum + one)).toBe(256);
    expect([mask[7], mask[8], mask[23], mask[24]]).toEqual([0, 1, 1, 0]);
  });

  it('is the same through ffmpeg, padded or not', async () => {
    const ffmpeg = await findFfmpeg();
    const folder = await folderWith();
    for (const [width, height] of [
      [120, 60],
      [90, 90],
      [60, 120],
      [240, 40],
      [122, 60],
    ]) {
      const picture = join(folder, `${width}.png`);
      const video = join(folder, `${width}.mkv`);
      const noise = Uint8Array.from({ length: width * height * 3 }, (_, i) => 128 + 100 * Math.sin(i / 7 / width));
      await sharp(noise, { raw: { width, height, channels: 3 } }).toFile(picture);
      const args = ['-loglevel', 'error', '-y', '-i', picture, '-c:v', 'ffv1', '-pix_fmt', 'bgr0', video];
      await promisify(execFile)(ffmpeg.path, args);
      const framing = { size: [32, 64], aspect: 2 } as const;
      const expected = await decodeImage(picture, framing);
      for await (const { pixels } of readVideo(video, { ffmpeg, ...framing })) {
        const difference = pixels.reduce((sum, value, i) => sum + Math.abs(value - expected[i]), 0) / pixels.length;
        expect(difference, `${width} x ${height}`).toBeLessThan(1);
      }
    }
    expect.assertions(5);
  });

  it('of an unknown shape shows it by its padding', async () => {
    for (const [width, height] of [
      [640, 480],
      [480, 640],
      [1920, 1080],
      [500, 500],
      [100, 380],
    ]) {
      const pixels = new Uint8Array(width * height * 3).fill(90);
      const frame = await framePicture({ width, height, pixels }, { size: [512, 512], aspect: 1 });
      expect(aspectIn(frame) / (width / height)).toBeCloseTo(1, 1.9);
    }
  });
});

describe('the shape of frames', () => {
  const pictures = (...sizes: [number, number][]) => sizes.map(([width, height]) => ({ width, height }));

  it('is that of the pictures, with a shorter side of 256 and multiples of 16', () => {
    expect(shapeOf(pictures([450, 450]))).toEqual({ size: [256, 256], aspect: 1, padded: 0, cost: 1 });
    expect(shapeOf(pictures([250, 630], [250, 628], [250, 633]))).toMatchObject({
      size: [640, 256],
      padded: 0,
      cost: 2.5,
    });
    expect(shapeOf(pictures([1920, 1080]))).toMatchObject({ size: [256, 448] });
    expect(shapeOf(pictures([10_000, 100]))).toMatchObject({ size: [256, 1024], aspect: 100 });
  });

  it('is that of most pictures, and tells how many have another', () => {
    expect(shapeOf(pictures([640, 480], [640, 480], [480, 640]))).toMatchObject({ size: [256, 336], padded: 1 });
  });

  it('may be set', () => {
    expect(shapeOf(pictures([250, 630]), [256, 256])).toEqual({
      size: [256, 256],
      aspect: 0.396825,
      padded: 0,
      cost: 1,
    });
  });
});
