import { join } from 'node:path';
import { beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { findDataset } from '../../../src/learning/dataset/dataset.js';
import { evaluate } from '../../../src/learning/evaluation/evaluate.js';
import { recipes } from '../../../src/learning/training/recipes.js';
import { train } from '../../../src/learning/training/train.js';
import { LiveDetector } from '../../../src/line/inspection/live-detector.js';
import { MaskingDetector } from '../../../src/line/inspection/masking-detector.js';
import { openBundle } from '../../../src/method/bundle/read.js';
import { mapSettingsOf } from '../../../src/method/detector/map-settings.js';
import { openDetector } from '../../../src/method/detector/open-detector.js';
import { ProgramDetector } from '../../../src/method/detector/program-detector.js';
import { scoreOf } from '../../../src/method/detector/scoring.js';
import { OnnxEngine } from '../../../src/method/engine/onnx/onnx-engine.js';
import { imagenetPreprocessing } from '../../../src/method/images/preprocessing.js';
import { relativeError } from '../../fixtures/numbers.js';
import { picture } from '../../fixtures/product.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

const size = [96, 96] as const;
const tiles = { rows: 2, columns: 2, overlap: 0.25 };
const left = [
  [0, 0],
  [0.5, 0],
  [0.5, 1],
  [0, 1],
] as const;

describe('a bundle that judges frames in tiles', () => {
  let data: string;
  let out: string;
  beforeAll(async () => {
    const tiny = await tinyBundle();
    data = tiny.data;
    out = join(inject('shared'), 'tiled');
    const recipe = {
      ...recipes.kdad,
      memory: { ...recipes.kdad.memory, prototypes: [500, 500, 500], degradedCopies: false },
    };
    const preprocessing = { ...imagenetPreprocessing, size, tiles };
    await train({
      data,
      teacher: tiny.teacher,
      out,
      recipe,
      epochs: 1,
      seed: 0,
      engine: new OnnxEngine({ threads: 1 }),
      preprocessing,
    });
  });

  it('says so, takes whole frames, and fewer at a time', async () => {
    const bundle = await openBundle(out, 'fp32');
    expect(bundle.manifest).toMatchObject({ preprocessing: { size, tiles }, detector: { maxBatch: 2 } });
    const entry = new URL('../../../dist/line/inspection/inference-main.js', import.meta.url);
    const daemons = new LiveDetector(bundle, { timeout: 240_000, entry, onLoss: () => {} });
    onTestFinished(() => daemons.stop());
    await daemons.start();
  });

  it('gives one map a frame, the same from file and weights, and a score from its largest values', async () => {
    const bundle = await openBundle(out, 'fp32');
    const frames = Buffer.concat([picture(3).pixels, picture(2003, true).pixels]);
    const detector = await openDetector(bundle);
    const { maps, mapSize, scores } = await detector.run(frames, 2);
    await detector.dispose();
    expect(mapSize).toEqual([24, 24]);
    for (const [i, score] of scores.entries())
      expect(score).toBeCloseTo(scoreOf(maps.subarray(i * 576, (i + 1) * 576), mapSettingsOf(bundle).scoring, 4), 4);
    const program = await ProgramDetector.load(bundle, new OnnxEngine({ threads: 1 }));
    expect(relativeError((await program.run(frames, 2)).maps, maps)).toBeLessThan(1e-4);
    await program.dispose();
  });

  it.each(['fp32', 'int8'] as const)('finds blots where they are on the frame, in %s', async (precision) => {
    const bundle = await openBundle(out, precision);
    const { imageAuroc, pixelAuroc } = await evaluate(bundle, await findDataset({ data }));
    expect(imageAuroc).toBeGreaterThan(0.9);
    expect(pixelAuroc).toBeGreaterThan(0.95);
  });

  it('leaves out areas of the whole frame', async () => {
    const detector = await MaskingDetector.open(await openBundle(out, 'fp32'));
    const frame = picture(2003, true).pixels;
    const [whole, half] = (
      await detector.judge({ batch: 2, frames: Buffer.concat([frame, frame]), ignored: [null, [left]] })
    ).maps;
    const { scores } = await detector.judge({ batch: 1, frames: frame, ignored: [[left]] });
    await detector.dispose();
    const right = whole?.values.filter((_, i) => i % 24 >= 12);
    expect(half?.values.filter((_, i) => i % 24 >= 12)).toEqual(right);
    expect(scores[0]).toBeCloseTo(
      scoreOf(right ?? new Float32Array(), mapSettingsOf(await openBundle(out, 'fp32')).scoring, 4),
      4,
    );
  });
});
