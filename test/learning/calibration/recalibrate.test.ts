import { cp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { recalibrate } from '../../../src/learning/calibration/recalibrate.js';
import { listImages } from '../../../src/learning/dataset/scan.js';
import { openBundle } from '../../../src/method/bundle/read.js';
import { folderWith } from '../../fixtures/folder.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

let tiny: Awaited<ReturnType<typeof tinyBundle>>;
beforeAll(async () => {
  tiny = await tinyBundle();
});

describe('a threshold chosen anew', () => {
  it('comes from the new images, in a whole bundle that differs in nothing else', async () => {
    const out = join(await folderWith(), 'new');
    const images = await listImages(tiny.data, 'test/good');
    const bundle = await openBundle(tiny.bundle, 'fp32');
    const calibration = await recalibrate(bundle, { root: tiny.data, images, rule: 'max', out });
    const highest = Math.max(...calibration.scores.map(({ score }) => score));
    expect(calibration.threshold).toBeCloseTo(1.1 * highest, 6);
    const written = await openBundle(out, 'fp32');
    expect(written.calibration).toEqual(calibration);
    expect(written.manifest.threshold).toEqual({
      value: calibration.threshold,
      rule: 'max',
      parameters: { margin: 0.1 },
    });
    const { threshold: _, files, int8, ...manifest } = written.manifest;
    expect(bundle.manifest).toMatchObject(manifest);
    for (const name of ['detector.onnx', 'detector-int8.onnx'])
      expect(files[name]).toEqual(bundle.manifest.files[name]);
    expect(int8).toEqual({ ...bundle.manifest.int8, threshold: (await openBundle(out, 'int8')).calibration.threshold });
    expect(int8?.threshold).not.toBe(bundle.manifest.int8?.threshold);
  });

  it('goes by the rule of the bundle, and takes the place of the old one', async () => {
    const folder = await folderWith();
    await cp(tiny.bundle, join(folder, 'bundle'), { recursive: true });
    const bundle = await openBundle(join(folder, 'bundle'));
    const images = await listImages(tiny.data, 'test/good');
    const progress: number[][] = [];
    const onProgress = (...counts: number[]) => progress.push(counts);
    const calibration = await recalibrate(bundle, { root: tiny.data, images, out: bundle.directory, onProgress });
    // In floats and in integers.
    expect(progress.at(-1)).toEqual([2 * images.length, 2 * images.length]);
    expect(progress.map(([done]) => done)).toEqual(progress.map(([done]) => done).toSorted((a, b) => a - b));
    const { manifest, threshold } = await openBundle(bundle.directory);
    expect(threshold).toBe(calibration.threshold);
    expect(manifest.threshold.rule).toBe(bundle.manifest.threshold.rule);
  });

  it('needs four images, and leaves everything as it is without them', async () => {
    const before = await readFile(join(tiny.bundle, 'manifest.json'), 'utf8');
    const bundle = await openBundle(tiny.bundle);
    const images = (await listImages(tiny.data, 'test/good')).slice(0, 3);
    const attempt = recalibrate(bundle, { root: tiny.data, images, out: bundle.directory });
    await expect(attempt).rejects.toMatchObject({ code: 'DATASET_INVALID' });
    expect(await readFile(join(tiny.bundle, 'manifest.json'), 'utf8')).toBe(before);
  });
});
