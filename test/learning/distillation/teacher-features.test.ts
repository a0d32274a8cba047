import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { TeacherFeatures } from '../../../src/learning/distillation/teacher-features.js';
import type { Engine } from '../../../src/method/engine/engine.js';
import { OnnxEngine } from '../../../src/method/engine/onnx/onnx-engine.js';
import { imagenetPreprocessing } from '../../../src/method/images/preprocessing.js';
import { foldBatchNorm, initialiseStudent } from '../../../src/method/model/parameters.js';
import { folderWith } from '../../fixtures/folder.js';

const size = [32, 32] as const;
const picture = (seed: number) => Uint8Array.from({ length: 32 * 32 * 3 }, (_, i) => (seed * i * 7919) % 256);
/** A stem of 8 x 8 x 64, and maps of 8 x 8 x 64, 4 x 4 x 128 and 2 x 2 x 256 floats. */
const bytesOfOne = 4 * (2 * 8 * 8 * 64 + 4 * 4 * 128 + 2 * 2 * 256);

/** The onnx engine, and how many images the teacher has looked at. */
function counting() {
  const seen = { images: 0 };
  const real = new OnnxEngine({ threads: 1 });
  const engine: Engine = {
    name: real.name,
    version: real.version,
    threads: real.threads,
    async compile(program, inputs) {
      const executable = await real.compile(program, inputs);
      return {
        run: (given, outputs) => {
          seen.images += given.frames.length / (32 * 32 * 3);
          return executable.run(given, outputs);
        },
        dispose: () => executable.dispose(),
      };
    },
  };
  return { engine, seen };
}

const open: TeacherFeatures[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((features) => features.dispose()));
});

function teacher(engine: Engine, limit: number, file?: string): TeacherFeatures {
  const options = { size, normalisation: imagenetPreprocessing, limit, file, stem: true };
  const features = new TeacherFeatures(engine, foldBatchNorm(initialiseStudent(1)), options);
  open.push(features);
  return features;
}

describe("the teacher's features", () => {
  const pictures = [1, 2, 3].map(picture);

  it('are computed once where there is room in memory', async () => {
    const { engine, seen } = counting();
    const features = teacher(engine, 3 * bytesOfOne);
    const first = await features.of(pictures);
    expect(await features.of(pictures)).toEqual(first);
    expect(seen.images).toBe(3);
  });

  it('go on in a file, from which they come back as they were, in any order; nothing of it is left', async () => {
    const { engine, seen } = counting();
    const folder = await folderWith();
    const features = teacher(engine, bytesOfOne, join(folder, 'bundle.features'));
    const [first, second, third] = await features.of(pictures);
    expect(await readdir(folder)).toEqual([]);
    expect(await features.of([pictures[2], pictures[0]])).toEqual([third, first]);
    expect(await features.of([pictures[1], pictures[2]])).toEqual([second, third]);
    expect(seen.images).toBe(3);
    await features.dispose();
    expect(await readdir(folder)).toEqual([]);
  });

  it('are computed each time where a file cannot be written', async () => {
    const { engine, seen } = counting();
    const features = teacher(engine, bytesOfOne, join(await folderWith(), 'missing', 'bundle.features'));
    const all = await features.of(pictures);
    expect(await features.of(pictures)).toEqual(all);
    expect(seen.images).toBe(3 + 2);
  });
});
