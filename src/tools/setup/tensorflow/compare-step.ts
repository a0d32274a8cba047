import { wholeStudent } from '../../../learning/distillation/student-input.js';
import { TeacherFeatures } from '../../../learning/distillation/teacher-features.js';
import { Trainer } from '../../../learning/distillation/trainer.js';
import type { Engine } from '../../../method/engine/engine.js';
import { imagenetPreprocessing } from '../../../method/images/preprocessing.js';
import { sgd } from '../../../method/model/optimiser.js';
import { foldBatchNorm, initialiseStudent } from '../../../method/model/parameters.js';
import type { Weights } from '../../../method/model/weights.js';

const SIZE = [64, 64] as const;
const BATCH = 2;

/**
 * Takes the same step of training on two engines: the teacher's features of two pictures, the student forward and
 * backward, and gradient descent.
 *
 * @returns the largest difference in the loss, a weight or a gradient, relative to the largest of its tensor; 0 when
 *   all are equal
 */
export async function compareStep(one: Engine, other: Engine): Promise<number> {
  const [expected, actual] = [await step(one), await step(other)];
  const differences = Object.keys(expected).map((name) => difference(actual[name].data, expected[name].data));
  return differences.some(Number.isNaN) ? Number.POSITIVE_INFINITY : Math.max(...differences);
}

async function step(engine: Engine): Promise<Weights> {
  const preprocessing = { ...imagenetPreprocessing, size: SIZE };
  const frames = Array.from({ length: BATCH }, (_, i) => picture(i));
  const teacher = new TeacherFeatures(engine, foldBatchNorm(initialiseStudent(1)), {
    size: SIZE,
    normalisation: preprocessing,
    limit: 0,
    stem: false,
  });
  const trainer = new Trainer(engine, initialiseStudent(2), {
    size: SIZE,
    input: wholeStudent(preprocessing),
    optimiser: sgd(),
  });
  try {
    const loss = await trainer.step(frames, await teacher.of(frames), 0.1);
    return { ...trainer.snapshot().weights, loss: { shape: [], data: Float32Array.of(loss) } };
  } finally {
    await Promise.all([teacher.dispose(), trainer.dispose()]);
  }
}

/** Waves, a different one for each number. */
const picture = (number: number): Uint8Array =>
  Uint8Array.from({ length: SIZE[0] * SIZE[1] * 3 }, (_, i) => 128 + 127 * Math.sin(i * (0.01 + 0.003 * number)));

function difference(actual: Float32Array, expected: Float32Array): number {
  let [largest, magnitude] = [0, Number.MIN_VALUE];
  for (const [i, value] of expected.entries()) {
    // Math.max keeps NaN, which is what a broken library gives.
    largest = Math.max(largest, Math.abs(actual[i] - value));
    magnitude = Math.max(magnitude, Math.abs(value));
  }
  return largest / magnitude;
}
