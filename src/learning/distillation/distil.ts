import { KdadError } from '../../common/errors.js';
import type { Manifest } from '../../method/bundle/manifest.js';
import type { Engine } from '../../method/engine/engine.js';
import type { Preprocessing } from '../../method/images/preprocessing.js';
import { initialiseStudent } from '../../method/model/parameters.js';
import type { Weights } from '../../method/model/weights.js';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.js';
import type { ImageSource } from './image-source.js';
import { learningRateAt, optimiserOf, type Schedule } from './schedule.js';
import { studentOnStem, wholeStudent } from './student-input.js';
import { TeacherFeatures } from './teacher-features.js';
import { Trainer } from './trainer.js';
import { Validator } from './validator.js';

export interface DistillationProgress {
  /** Counts from 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Images learned in this epoch so far, and in a whole one. */
  readonly images: number;
  readonly imagesPerEpoch: number;
  /** Mean loss of this epoch so far. */
  readonly loss: number;
  /** Of this epoch once it is done, of the one before until then; absent in the first. */
  readonly validationLoss?: number;
  /**
   * Mean cosine of student and teacher on the validation images in layer1, layer2 and layer3; once an epoch is done.
   */
  readonly similarity?: readonly number[];
}

export interface DistillOptions {
  readonly engine: Engine;
  /** Folded weights. */
  readonly teacher: Weights;
  /** The validation images are uint8 RGB, one array an image. */
  readonly images: { readonly training: ImageSource; readonly validation: readonly Uint8Array[] };
  /**
   * Where the teacher's features are kept for the next epoch, about 1.8 MB an image, 2.8 with a shared stem; nowhere
   * for images that never come again.
   */
  readonly features?: { readonly memory: number; readonly file: string };
  readonly recipe: Schedule;
  readonly seed: number;
  /** The student's first weights; drawn at random by `seed` when absent. A resumed training has its own. */
  readonly student?: Weights;
  readonly preprocessing: Preprocessing;
  /** File to keep the state in after every epoch. */
  readonly checkpoint: string;
  readonly resume: boolean;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: DistillationProgress) => void;
}

export interface Distilled {
  readonly student: Weights;
  /** Counts from 1. */
  readonly bestEpoch: number;
  readonly epochs: Manifest['training']['epochs'];
  /** False when the signal ended it before the last epoch. */
  readonly finished: boolean;
}

/**
 * Knowledge distillation: a student at random learns to reproduce the teacher's feature maps of good images
 * (STFPM, https://arxiv.org/abs/2103.04257).
 *
 * @throws KdadError CHECKPOINT_INVALID, TRAINING_DIVERGED, INTERRUPTED when the signal came within the first epoch
 */
export async function distil(options: DistillOptions): Promise<Distilled> {
  const { engine, recipe, seed, images, preprocessing, checkpoint: file, signal } = options;
  const { size } = preprocessing;
  const { sharedStem } = recipe;
  const input = sharedStem ? studentOnStem : wholeStudent(preprocessing);
  const { memory = 0, file: featureFile } = options.features ?? {};
  const kept = { size, normalisation: preprocessing, limit: memory, file: featureFile, stem: sharedStem };
  const features = new TeacherFeatures(engine, options.teacher, kept);
  const student = options.student ?? initialiseStudent(seed, { sharedStem });
  const trainer = new Trainer(engine, student, { size, input, optimiser: optimiserOf(recipe) });
  const validator = new Validator(engine, { size, input, batch: recipe.batch });
  const run = describeRun(options);
  const resumed = options.resume ? await readCheckpoint(file, run) : undefined;
  if (resumed) trainer.restore({ weights: resumed.state, stepsTaken: resumed.stepsTaken });
  let checkpoint: Checkpoint | undefined = resumed;
  try {
    for (let epoch = (resumed?.epochs.length ?? 0) + 1; epoch <= recipe.epochs && !signal?.aborted; epoch++) {
      const loss = await learnEpoch(epoch, trainer, features, options, checkpoint?.epochs.at(-1)?.validationLoss);
      if (loss === undefined) break;
      const validated = await validator.measure(trainer.student(), images.validation, features);
      const { loss: validationLoss, similarity } = validated;
      const imagesPerEpoch = images.training.count;
      options.onProgress?.({
        epoch,
        epochs: recipe.epochs,
        images: imagesPerEpoch,
        imagesPerEpoch,
        loss,
        validationLoss,
        similarity,
      });
      const epochs = [...(checkpoint?.epochs ?? []), { loss, validationLoss }];
      const better = recipe.keep === 'last' || validationLoss < bestLoss(checkpoint);
      const { weights: state, stepsTaken } = trainer.snapshot();
      checkpoint =
        checkpoint && !better
          ? { ...checkpoint, epochs, state, stepsTaken }
          : { run, epochs, state, stepsTaken, best: trainer.student(), bestEpoch: epoch };
      await writeCheckpoint(file, checkpoint);
    }
  } finally {
    await Promise.all([trainer.dispose(), features.dispose(), validator.dispose()]);
  }
  if (!checkpoint) throw new KdadError('INTERRUPTED', 'stopped within the first epoch; nothing was written');
  const { best, bestEpoch, epochs } = checkpoint;
  return { student: best, bestEpoch, epochs, finished: epochs.length >= recipe.epochs };
}

const bestLoss = (checkpoint: Checkpoint | undefined): number =>
  checkpoint ? checkpoint.epochs[checkpoint.bestEpoch - 1].validationLoss : Number.POSITIVE_INFINITY;

/** What must be the same for a checkpoint to be gone on from; the number of epochs may grow. */
function describeRun({ recipe: { epochs: _, ...recipe }, seed, images, preprocessing }: DistillOptions): string {
  const counts = `${images.training.count}+${images.validation.length} images of ${preprocessing.size.join(' x ')}`;
  return `recipe ${JSON.stringify(recipe)}, seed ${seed}, ${counts}`;
}

/** One pass over the training images in an order of its own. Returns the mean loss; undefined when the signal came. */
async function learnEpoch(
  epoch: number,
  trainer: Trainer,
  features: TeacherFeatures,
  { recipe, images, signal, onProgress }: DistillOptions,
  validationLoss: number | undefined,
): Promise<number | undefined> {
  const { count } = images.training;
  const stepsPerEpoch = Math.ceil(count / recipe.batch);
  let [sum, done, step] = [0, 0, 0];
  for await (const frames of images.training.batches(epoch, recipe.batch)) {
    if (signal?.aborted) return undefined;
    const stepOfAll = (epoch - 1) * stepsPerEpoch + step;
    const rate = learningRateAt(recipe, stepOfAll, recipe.epochs * stepsPerEpoch);
    const loss = await trainer.step(frames, await features.of(frames), rate);
    if (!Number.isFinite(loss)) {
      throw new KdadError('TRAINING_DIVERGED', `the loss became ${loss} in epoch ${epoch}, step ${step + 1}`);
    }
    sum += loss * frames.length;
    done += frames.length;
    step++;
    onProgress?.({
      epoch,
      epochs: recipe.epochs,
      images: done,
      imagesPerEpoch: count,
      loss: sum / done,
      validationLoss,
    });
    // The step ran on this thread: let signals and the terminal have their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return sum / done;
}
