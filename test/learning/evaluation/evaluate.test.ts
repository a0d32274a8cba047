import { cp, mkdir, readdir, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { beforeAll, describe, expect, it } from 'vitest';
import { findDataset } from '../../../src/learning/dataset/dataset.js';
import { evaluate, evaluateScores } from '../../../src/learning/evaluation/evaluate.js';
import { judgeTests } from '../../../src/learning/evaluation/judge-tests.js';
import { withoutLearned } from '../../../src/learning/evaluation/unlearned.js';
import { type Bundle, openBundle } from '../../../src/method/bundle/read.js';
import { mapSettingsOf } from '../../../src/method/detector/map-settings.js';
import { scoreOf } from '../../../src/method/detector/scoring.js';
import { folderWith } from '../../fixtures/folder.js';
import { type TinyBundle, tinyBundle } from '../../fixtures/tiny-bundle.js';

describe('evaluateScores', () => {
  const scored = [
    { kind: 'good', score: 1 },
    { kind: 'good', score: 3 },
    { kind: 'scratch', score: 2 },
    { kind: 'hole', score: 4 },
    { kind: 'hole', score: 5 },
  ];

  it('measures images at every threshold, at the calibrated one, and by kind', () => {
    const { f1Threshold, averagePrecision, ...rest } = evaluateScores(scored, 3);
    expect(rest).toEqual({
      images: 5,
      imageAuroc: 5 / 6,
      f1: 6 / 7,
      threshold: 3,
      truePositiveRate: 2 / 3,
      falsePositiveRate: 1 / 2,
      confusion: { truePositives: 2, falsePositives: 1, trueNegatives: 1, falseNegatives: 1 },
      kinds: [
        { kind: 'good', images: 2, anomalous: 1, auroc: null },
        { kind: 'hole', images: 2, anomalous: 2, auroc: 1 },
        { kind: 'scratch', images: 1, anomalous: 0, auroc: 0.5 },
      ],
    });
    expect(f1Threshold).toBe(1.5);
    expect(averagePrecision).toBeCloseTo((1 + 1 + 3 / 4) / 3, 12);
  });

  it('knows of defects alone how many are caught, and nothing else', () => {
    expect(evaluateScores(scored.slice(2), 3)).toMatchObject({
      truePositiveRate: 2 / 3,
      falsePositiveRate: null,
      imageAuroc: null,
    });
  });
});

describe('evaluate', () => {
  let tiny: TinyBundle;
  let bundle: Bundle;
  beforeAll(async () => {
    tiny = await tinyBundle();
    bundle = await openBundle(tiny.bundle);
  });

  it('tells the tiny product from its blots, in images and in pixels', async () => {
    const progress: number[] = [];
    const evaluation = await evaluate(bundle, await findDataset(tiny.data), {
      onProgress: (done) => progress.push(done),
    });
    expect(evaluation).toMatchObject({ images: 12, imageAuroc: 1, f1: 1, threshold: bundle.threshold });
    expect(evaluation.kinds.map(({ kind, images }) => [kind, images])).toEqual([
      ['good', 6],
      ['blot', 6],
    ]);
    expect(evaluation.pixelAuroc).toBeGreaterThan(0.9);
    expect(evaluation.pro).toBeGreaterThan(0.7);
    expect(progress).toEqual([8, 12]);
  });

  it('looks at pixels of the input, whatever the size of the map', async () => {
    const { labelledMaps, images } = await judgeTests(bundle, await findDataset(tiny.data));
    const { maps, masks, mapSize } = labelledMaps!;
    expect(mapSize).toEqual(bundle.manifest.preprocessing.size);
    const pixels = mapSize[0] * mapSize[1];
    expect([maps.length, masks.length]).toEqual([12 * pixels, 12 * pixels]);
    // Enlarged between the centres of the map's own pixels, each of which stands for as many of the input's.
    const { scoring, size } = mapSettingsOf(bundle);
    expect(size).not.toEqual(mapSize);
    for (const [i, { score }] of images.entries()) {
      const ratio = scoreOf(maps.subarray(i * pixels, (i + 1) * pixels), scoring) / score;
      expect(ratio).toBeGreaterThan(0.8);
      expect(ratio).toBeLessThan(1.1);
    }
  });

  it('says when every mask is empty, and nothing of pixels', async () => {
    const data = await folderWith();
    await cp(tiny.data, data, { recursive: true });
    const black = await sharp({ create: { width: 8, height: 8, channels: 3, background: '#000' } })
      .png()
      .toBuffer();
    const masks = join(data, 'ground_truth/blot');
    for (const name of await readdir(masks)) await writeFile(join(masks, name), black);
    const { labelledMaps, notes } = await judgeTests(bundle, await findDataset(data));
    expect([labelledMaps, notes]).toEqual([null, [expect.stringMatching(/every mask is empty/)]]);
  });

  it('joins the masks of an image that has several', async () => {
    const data = await folderWith();
    await cp(tiny.data, data, { recursive: true });
    const part = (left: number) =>
      sharp({ create: { width: 8, height: 8, channels: 3, background: '#000' } })
        .composite([{ input: { create: { width: 2, height: 8, channels: 3, background: '#fff' } }, left, top: 0 }])
        .png()
        .toBuffer();
    const masks = join(data, 'ground_truth/blot');
    for (const name of await readdir(masks)) {
      await rm(join(masks, name));
      const folder = join(masks, name.replace('_mask.png', ''));
      await mkdir(folder);
      for (const left of [0, 6]) await writeFile(join(folder, `${left}.png`), await part(left));
    }
    const { labelledMaps } = await judgeTests(bundle, await findDataset(data));
    const [, width] = labelledMaps!.mapSize;
    const row = labelledMaps!.masks.subarray(0, width);
    expect([...row.subarray(0, width / 4), ...row.subarray(-width / 4)].every((one) => one === 1)).toBe(true);
    expect(row.reduce((sum, one) => sum + one, 0)).toBe(width / 2);
  });

  it('refuses masks of another shape than their picture', async () => {
    const data = await folderWith();
    await cp(tiny.data, data, { recursive: true });
    const masks = join(data, 'ground_truth/blot');
    const resized = async (name: string, width: number, height: number) => {
      const file = join(masks, name);
      await writeFile(file, await sharp(file).resize(width, height, { fit: 'fill' }).png().toBuffer());
    };
    await resized('000_mask.png', 97, 61);
    await resized('001_mask.png', 48, 48);
    await resized('004_mask.png', 96, 90);
    await expect(judgeTests(bundle, await findDataset(data))).rejects.toMatchObject({
      code: 'DATASET_INVALID',
      message: expect.stringMatching(
        /: masks have another shape than their pictures: \S+000_mask.png \(97 x 61, not 96 x 96\), \S+004_mask.png \(96 x 90, not 96 x 96\); expected /,
      ),
    });
  });

  it('names all images that cannot be read', async () => {
    const data = await folderWith();
    await cp(tiny.data, data, { recursive: true });
    for (const name of ['good/000.png', 'good/005.png', 'blot/003.png']) await writeFile(join(data, 'test', name), '?');
    await expect(judgeTests(bundle, await findDataset(data))).rejects.toThrow(
      /^3 images cannot be read:\n.*blot\/003.png: not an image.*\n.*good\/000.png.*\n.*good\/005.png/,
    );
  });

  it('judges no image that the model has learned from, where good ones to learn are tests, too', async () => {
    const { split } = bundle.manifest;
    const good = join(tiny.data, 'train');
    const dataset = await findDataset({ data: tiny.data, good: ['train/good'], defective: ['test/blot'] });
    expect(dataset.tests).toHaveLength(24 + 6);
    const { dataset: left, learned } = await withoutLearned(dataset, [bundle.manifest]);
    expect([learned, left.tests.length]).toEqual([split.training.length, 6 + split.validation.length]);
    const other = await findDataset(good);
    expect((await withoutLearned(other, [bundle.manifest])).learned).toBe(0);
  });

  it('knows no pixels without masks', async () => {
    const data = await folderWith();
    await cp(tiny.data, data, { recursive: true });
    await rm(join(data, 'ground_truth'), { recursive: true });
    expect(await evaluate(bundle, await findDataset(data))).toMatchObject({
      imageAuroc: 1,
      pixelAuroc: null,
      pro: null,
    });
  });

  it('counts the false alarms of a folder of good images', async () => {
    const evaluation = await evaluate(bundle, await findDataset(join(tiny.data, 'train/good')));
    expect(evaluation).toMatchObject({
      images: 24,
      imageAuroc: null,
      averagePrecision: null,
      pixelAuroc: null,
      pro: null,
      f1: null,
      truePositiveRate: null,
    });
    expect(evaluation.falsePositiveRate).toBeLessThan(0.2);
  });

  it('refuses a dataset without test images, and stops when asked to', async () => {
    const data = await folderWith();
    await cp(tiny.data, data, { recursive: true });
    const stopped = AbortSignal.abort(new Error('enough'));
    await expect(evaluate(bundle, await findDataset(data), { signal: stopped })).rejects.toThrow('enough');
    await rename(join(data, 'test'), join(data, 'elsewhere'));
    await expect(evaluate(bundle, await findDataset(data))).rejects.toMatchObject({ code: 'DATASET_INVALID' });
  });
});
