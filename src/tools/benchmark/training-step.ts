import { randomFrom } from '../../common/random.js';
import { studentOnStem, wholeStudent } from '../../learning/distillation/student-input.js';
import { TeacherFeatures } from '../../learning/distillation/teacher-features.js';
import { Trainer } from '../../learning/distillation/trainer.js';
import { recipes } from '../../learning/training/recipes.js';
import { OnnxEngine } from '../../method/engine/onnx/onnx-engine.js';
import { imagenetPreprocessing } from '../../method/images/preprocessing.js';
import { adam } from '../../method/model/optimiser.js';
import { foldBatchNorm, initialiseStudent } from '../../method/model/parameters.js';
import { inTurns } from './rounds.js';
import { rounded } from './statistics.js';

/** Bytes; more than a batch needs. */
const FEATURE_MEMORY = 1e9;

/**
 * Milliseconds an image of a training step, the teacher's features kept as in every epoch but the first. Weights and
 * images are random: they take as long as others.
 */
export async function stepTime({
  batch,
  size,
  steps,
  threads,
  sharedStem = recipes.kdad.sharedStem,
}: {
  readonly batch: number;
  readonly size: readonly [number, number];
  readonly steps: number;
  readonly threads?: number;
  readonly sharedStem?: boolean;
}): Promise<number> {
  const engine = new OnnxEngine({ threads });
  const random = randomFrom(batch);
  const pixels = size[0] * size[1] * 3;
  const frames = Array.from({ length: batch }, () => Uint8Array.from({ length: pixels }, () => 256 * random()));
  const normalisation = imagenetPreprocessing;
  const teacher = new TeacherFeatures(engine, foldBatchNorm(initialiseStudent(1)), {
    size,
    normalisation,
    limit: FEATURE_MEMORY,
    stem: sharedStem,
  });
  const features = await teacher.of(frames);
  const input = sharedStem ? studentOnStem : wholeStudent(normalisation);
  const trainer = new Trainer(engine, initialiseStudent(0, { sharedStem }), { size, input, optimiser: adam() });
  try {
    const { learningRate } = recipes.kdad.optimiser;
    const { step } = await inTurns(
      { step: () => trainer.step(frames, features, learningRate) },
      { rounds: 1, runs: steps },
    );
    return rounded(step / batch);
  } finally {
    await trainer.dispose();
    await teacher.dispose();
  }
}
