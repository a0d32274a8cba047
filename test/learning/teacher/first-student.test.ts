import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../src/common/random.js';
import { wholeStudent } from '../../../src/learning/distillation/student-input.js';
import { TeacherFeatures } from '../../../src/learning/distillation/teacher-features.js';
import { Trainer } from '../../../src/learning/distillation/trainer.js';
import { studentFromFolded } from '../../../src/learning/teacher/first-student.js';
import { OnnxEngine } from '../../../src/method/engine/onnx/onnx-engine.js';
import { imagenetPreprocessing } from '../../../src/method/images/preprocessing.js';
import { adam } from '../../../src/method/model/optimiser.js';
import { foldBatchNorm, shapesOfStudent } from '../../../src/method/model/parameters.js';
import { readSafetensors } from '../../../src/method/weights/safetensors.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

const preprocessing = { ...imagenetPreprocessing, size: [32, 32] as const };
const { size } = preprocessing;

async function example() {
  const { teacher } = await tinyBundle();
  const { weights: folded } = readSafetensors(await readFile(teacher), teacher);
  const random = randomFrom(1);
  const frames = Array.from({ length: 4 }, () => Uint8Array.from({ length: 32 * 32 * 3 }, () => 256 * random()));
  const engine = new OnnxEngine({ threads: 1 });
  return { engine, folded, frames, student: await studentFromFolded(engine, folded, frames, preprocessing) };
}

describe('a student that begins as folded weights', () => {
  it('has all that a student has, and folds to the same weights', async () => {
    const { folded, student } = await example();
    expect(Object.keys(student).sort()).toEqual(Object.keys(shapesOfStudent()).sort());
    const again = foldBatchNorm(student);
    for (const [name, { data }] of Object.entries(folded)) {
      const furthest = data.reduce((most, value, i) => Math.max(most, Math.abs(value - again[name].data[i])), 0);
      expect(furthest, name).toBeLessThan(1e-4);
    }
  });

  it('computes in training what they compute: the first loss against their own features is next to nothing', async () => {
    const { engine, folded, frames, student } = await example();
    const teacher = new TeacherFeatures(engine, folded, { size, normalisation: preprocessing, limit: 0, stem: false });
    const trainer = new Trainer(engine, student, { size, input: wholeStudent(preprocessing), optimiser: adam() });
    expect(await trainer.step(frames, await teacher.of(frames), 0)).toBeLessThan(1e-4);
    await Promise.all([teacher.dispose(), trainer.dispose()]);
  });
});
