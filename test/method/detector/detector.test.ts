import { join } from 'node:path';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { recipes } from '../../../src/learning/training/recipes.js';
import { train } from '../../../src/learning/training/train.js';
import { LiveDetector } from '../../../src/line/inspection/live-detector.js';
import { type Bundle, openBundle } from '../../../src/method/bundle/read.js';
import type { Detector } from '../../../src/method/detector/detector.js';
import { openDetector } from '../../../src/method/detector/open-detector.js';
import { ProgramDetector } from '../../../src/method/detector/program-detector.js';
import type { EngineName } from '../../../src/method/engine/engines.js';
import { OnnxEngine } from '../../../src/method/engine/onnx/onnx-engine.js';
import { openTensorflowEngine } from '../../../src/method/engine/tensorflow/tensorflow-engine.js';
import { decodeImage } from '../../../src/method/images/image.js';
import { imagenetPreprocessing } from '../../../src/method/images/preprocessing.js';
import { folderWith } from '../../fixtures/folder.js';
import { missingTensorflow } from '../../fixtures/missing-tensorflow.js';
import { relativeError } from '../../fixtures/numbers.js';
import { TINY, type TinyBundle, tinyBundle } from '../../fixtures/tiny-bundle.js';

let tiny: TinyBundle;
let frames: Uint8Array;
beforeAll(async () => {
  tiny = await tinyBundle();
  const paths = ['test/good/000.png', 'test/blot/000.png', 'test/blot/001.png'].map((path) => join(tiny.data, path));
  frames = Buffer.concat(await Promise.all(paths.map((path) => decodeImage(path, { size: [TINY, TINY] }))));
});

/** Scores and maps of the frames, as a batch and one by one. */
async function judge(detector: Detector) {
  const { scores, maps, mapSize } = await detector.run(frames, 3);
  const bytes = frames.length / 3;
  const alone = [];
  for (let i = 0; i < 3; i++)
    alone.push((await detector.run(frames.subarray(i * bytes, (i + 1) * bytes), 1)).scores[0]);
  await detector.dispose();
  return { scores, alone, maps, mapSize };
}

async function agree(one: Detector, other: Detector, tolerance: number, ofMaps = tolerance): Promise<void> {
  const [expected, actual] = [await judge(one), await judge(other)];
  expect(relativeError(actual.scores, expected.scores)).toBeLessThan(tolerance);
  expect(relativeError(actual.alone, expected.alone)).toBeLessThan(tolerance);
  expect(relativeError(actual.maps, expected.maps)).toBeLessThan(ofMaps);
  expect(actual.mapSize).toEqual(expected.mapSize);
}

/** In a process of its own, as the daemon does it: starting includes the self-test. */
async function prove(bundle: Bundle, engine: EngineName): Promise<void> {
  const entry = new URL('../../../dist/line/inspection/inference-main.js', import.meta.url);
  const detector = new LiveDetector(bundle, { engine, timeout: 240_000, entry, onLoss: () => {} });
  onTestFinished(() => detector.stop());
  await detector.start();
}

describe('a detector', () => {
  it('judges alike from its file and from its weights', async () => {
    const bundle = await openBundle(tiny.bundle, 'fp32');
    await agree(await openDetector(bundle), await ProgramDetector.load(bundle, new OnnxEngine({ threads: 1 })), 1e-4);
  });

  it('judges alike in half precision', async () => {
    const [floats, halves] = [await openBundle(tiny.bundle, 'fp32'), await openBundle(tiny.bundle, 'fp16')];
    // A distance to a prototype is a small difference of larger products; halves keep three digits of these.
    await agree(await openDetector(floats), await openDetector(halves), 5e-3, 1e-2);
    await prove(halves, 'onnx');
  });

  it('is refused where its recipe says nothing of the map', async () => {
    const bundle = await openBundle(tiny.bundle, 'fp32');
    const { map: _, ...recipe } = bundle.manifest.recipe;
    const source = { ...bundle, manifest: { ...bundle.manifest, recipe: { ...recipe, name: 'other' } } };
    await expect(ProgramDetector.load(source as Bundle, new OnnxEngine({ threads: 1 }))).rejects.toMatchObject({
      code: 'BUNDLE_UNSUPPORTED',
      message: expect.stringContaining('other'),
    });
  });
});

describe.skipIf(missingTensorflow)('a bundle', () => {
  it('that onnx trained runs on tensorflow, and proves itself there', async () => {
    const bundle = await openBundle(tiny.bundle, 'fp32');
    expect(bundle.manifest.training.engine).toBe('onnx');
    await agree(await openDetector(bundle), await openDetector(bundle, { engine: 'tensorflow' }), 1e-3);
    await prove(bundle, 'tensorflow');
  });

  it('that tensorflow trained runs on onnx, and proves itself there', async () => {
    const out = join(await folderWith(), 'bundle');
    await train({
      data: tiny.data,
      teacher: tiny.teacher,
      out,
      recipe: recipes.kdad,
      epochs: 2,
      seed: 0,
      engine: await openTensorflowEngine(),
      preprocessing: { ...imagenetPreprocessing, size: [TINY, TINY] },
    });
    const bundle = await openBundle(out, 'fp32');
    expect(bundle.manifest.training.engine).toBe('tensorflow');
    expect(bundle.manifest.versions.tensorflow).toMatch(/^\d+\.\d+/);
    await agree(await openDetector(bundle), await openDetector(bundle, { engine: 'tensorflow' }), 1e-3);
    await prove(bundle, 'onnx');
    await prove(bundle, 'tensorflow');
  });
});
