import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { findFfmpeg } from '../../../src/line/camera/ffmpeg/ffmpeg.js';
import { type View, viewFilters, viewOf } from '../../../src/line/camera/view.js';
import { folderWith } from '../../fixtures/folder.js';

const [width, height] = [10, 6];
/** Every pixel has a colour of its own. */
const picture = {
  width,
  height,
  pixels: Uint8Array.from({ length: width * height * 3 }, (_, i) =>
    i % 3 === 0 ? 4 * Math.floor(i / 3) : 100 + (i % 3),
  ),
};
const red = ({ pixels }: { pixels: Uint8Array }, pixel: number) => pixels[3 * pixel] / 4;

const views: View[] = [
  {},
  { rotate: 90 },
  { rotate: 180 },
  { rotate: 270 },
  { crop: { left: 0.3, top: 0.5, width: 0.5, height: 0.34 } },
  { rotate: 90, crop: { left: 0.5, top: 0, width: 0.5, height: 0.7 } },
  { rotate: 270, crop: { left: 0.17, top: 0.1, width: 0.66, height: 0.9 } },
];

describe('the view of a camera', () => {
  it('turns clockwise, then cuts', async () => {
    const turned = await viewOf(picture, { rotate: 90 });
    expect([turned.width, turned.height]).toEqual([height, width]);
    // The lower left corner comes to the upper left.
    expect(red(turned, 0)).toBe((height - 1) * width);
    const cut = await viewOf(picture, { rotate: 90, crop: { left: 0.5, top: 0, width: 0.5, height: 0.2 } });
    expect([cut.width, cut.height]).toEqual([3, 2]);
    expect(red(cut, 0)).toBe(2 * width);
  });

  it.each(views)('%j: the same by ffmpeg and by us', async (view) => {
    const { path } = await findFfmpeg();
    const file = join(await folderWith(), 'picture.png');
    await sharp(picture.pixels, { raw: { width, height, channels: 3 } })
      .png()
      .toFile(file);
    const filters = viewFilters(view);
    const args = ['-loglevel', 'error', '-i', file, '-vf', ['format=gbrp', ...filters].join(','), '-f', 'rawvideo'];
    const { stdout, stderr } = spawnSync(path, [...args, '-pix_fmt', 'rgb24', 'pipe:1']);
    expect(stderr.toString()).toBe('');
    expect(new Uint8Array(stdout)).toEqual(new Uint8Array((await viewOf(picture, view)).pixels));
  });
});
