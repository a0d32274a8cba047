import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { DistillationProgress } from '../../../src/learning/distillation/distil.js';
import { distilTeacher } from '../../../src/learning/teacher/distil-teacher.js';
import { OnnxEngine } from '../../../src/method/engine/onnx/onnx-engine.js';
import { shapesOfFolded } from '../../../src/method/model/parameters.js';
import { readSafetensors } from '../../../src/method/weights/safetensors.js';
import { folderWith } from '../../fixtures/folder.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

it('makes a teacher that comes closer to its own on pictures it has not seen, also across an interruption', async () => {
  const { data, teacher } = await tinyBundle();
  const folder = await folderWith();
  const out = join(folder, 'teacher.safetensors');
  const stop = new AbortController();
  const similarities: (readonly number[])[] = [];
  const onProgress = ({ epoch, similarity }: DistillationProgress) => {
    if (similarity) similarities.push(similarity);
    if (epoch === 2 && !similarity) stop.abort();
  };
  const options = {
    teacher,
    corpus: [data],
    out,
    images: 120,
    epoch: 40,
    size: 32,
    batch: 8,
    seed: 1,
    resume: true,
    engine: new OnnxEngine({ threads: 1 }),
    onProgress,
  };
  expect(await distilTeacher({ ...options, signal: stop.signal })).toBe(false);
  expect(similarities).toHaveLength(1);
  expect(await distilTeacher({ ...options, onProgress })).toBe(true);

  expect(similarities).toHaveLength(3);
  for (const layer of [0, 1, 2]) expect(similarities[2][layer]).toBeGreaterThan(similarities[0][layer]);
  const { weights } = readSafetensors(await readFile(out), out);
  expect(Object.keys(weights).sort()).toEqual(Object.keys(shapesOfFolded()).sort());
});
