import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { OverlayFolder } from '../../../src/line/inspection/overlay-folder.js';
import { folderWith } from '../../fixtures/folder.js';

const prediction = (name: string, frame?: number) => ({
  source: { kind: 'image' as const, path: `/photos/${name}`, name },
  frame,
  picture: { width: 8, height: 6, pixels: new Uint8Array(8 * 6 * 3) },
  padded: false,
  scene: null,
  score: 1,
  map: { values: new Float32Array(4), size: [2, 2] as const },
});

describe('OverlayFolder', () => {
  it('names overlays after their images, each once', async () => {
    const path = join(await folderWith(), 'new/overlays');
    const folder = new OverlayFolder(path);
    await folder.create();
    const written = [];
    for (const name of ['a.png', 'a.jpg', 'A.png', 'deep/a.png', 'a-heatmap.jpg']) {
      written.push(await folder.write(prediction(name), 1));
    }
    written.push(await folder.write(prediction('clip.mp4', 41), 1));
    expect(written).toEqual(
      [
        'a-heatmap.jpg',
        'a-heatmap-2.jpg',
        'A-heatmap-3.jpg',
        'deep/a-heatmap.jpg',
        'a-heatmap-heatmap.jpg',
        'clip-000041-heatmap.jpg',
      ].map((name) => join(path, name)),
    );
    expect((await readdir(path, { recursive: true })).filter((name) => name.endsWith('.jpg'))).toHaveLength(6);
    expect(await sharp(written[0]).metadata()).toMatchObject({ format: 'jpeg', width: 8, height: 6 });
  });

  it('refuses a folder that holds anything, and a file', async () => {
    const path = await folderWith({ 'a.png': '' });
    await expect(new OverlayFolder(path).create()).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
    await expect(new OverlayFolder(join(path, 'a.png')).create()).rejects.toMatchObject({ code: 'OUTPUT_EXISTS' });
  });
});
