import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { findSources, type Prediction, predict } from '../../../src/line/inspection/predict.js';
import { type Bundle, openBundle } from '../../../src/method/bundle/read.js';
import { mapSettingsOf } from '../../../src/method/detector/map-settings.js';
import { scoreOf } from '../../../src/method/detector/scoring.js';
import { DetectorSession } from '../../../src/method/engine/onnx/session.js';
import { loadImages } from '../../../src/method/images/load-images.js';
import { folderWith } from '../../fixtures/folder.js';
import { type TinyBundle, tinyBundle } from '../../fixtures/tiny-bundle.js';

const noFfmpeg = () => Promise.reject(new Error('no video was given'));

describe('findSources', () => {
  it('searches folders for images, and tells videos from images by their extension', async () => {
    const folder = await folderWith({ 'b/1.png': '', 'a.JPG': '', 'notes.txt': '', 'clip.mp4': '' });
    expect(await findSources([folder, join(folder, 'clip.mp4'), join(folder, 'a.JPG')])).toEqual([
      { kind: 'image', path: join(folder, 'a.JPG'), name: 'a.JPG' },
      { kind: 'image', path: join(folder, 'b/1.png'), name: 'b/1.png' },
      { kind: 'video', path: join(folder, 'clip.mp4'), name: 'clip.mp4' },
      { kind: 'image', path: join(folder, 'a.JPG'), name: 'a.JPG' },
    ]);
  });

  it('refuses a folder without images', async () => {
    await expect(findSources([await folderWith({ 'clip.mp4': '' })])).rejects.toMatchObject({
      code: 'DATASET_INVALID',
    });
  });
});

describe('predict', () => {
  let tiny: TinyBundle;
  let bundle: Bundle;
  beforeAll(async () => {
    tiny = await tinyBundle();
    bundle = await openBundle(tiny.bundle);
  });

  it('gives each image the score that it has in any batch, its map, and itself at its own size', async () => {
    const sources = await findSources([join(tiny.data, 'test/blot')]);
    const frames = await loadImages(
      sources.map(({ path }) => path),
      bundle.manifest.preprocessing,
    );
    const session = await DetectorSession.load(bundle.detectorPath);
    const { scores, mapSize } = await session.run(frames, sources.length);
    await session.dispose();

    let position = 0;
    for await (const result of predict(bundle, sources, noFfmpeg)) {
      const { source, score, map, picture, ...rest } = result as Prediction;
      expect(source).toBe(sources[position]);
      expect(score).toBeCloseTo(scores[position++], 5);
      expect(score).toBeCloseTo(scoreOf(map.values, mapSettingsOf(bundle).scoring), 5);
      expect(map.size).toEqual(mapSize);
      expect(map.values).toHaveLength(mapSize[0] * mapSize[1]);
      expect([picture.width, picture.height]).toEqual([96, 96]);
      expect(rest.frame).toBeUndefined();
    }
    expect(position).toBe(6);
  });

  it('reports what it cannot read, and goes on', async () => {
    const image = await sharp({ create: { width: 80, height: 80, channels: 3, background: 'grey' } })
      .png()
      .toBuffer();
    const folder = await folderWith({ '1.png': image, '2.png': 'text', '3.png': image });
    const results = [];
    for await (const result of predict(bundle, await findSources([folder, '/nonexistent']), noFfmpeg))
      results.push(result);
    expect(results.map((result) => ('error' in result ? result.error.message : 'score'))).toEqual([
      'score',
      `${folder}/2.png: not an image of a known format`,
      'score',
      '/nonexistent: no such file',
    ]);
  });
});
