import type { Manifest } from '../bundle/manifest.js';
import type { Preprocessing } from '../data/preprocessing.js';
import { shuffle } from '../data/split.js';
import type { Engine } from '../engine/engine.js';
import { KdadError } from '../errors.js';
import { initialiseStudent } from '../model/parameters.js';
import type { Weights } from '../model/safetensors.js';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.js';
import { learningRateAt, optimiserOf, type Recipe } from './recipes.js';
import { TeacherFeatures } from './teacher-features.js';
import { Trainer } from './trainer.js';
import { Validator } from './validator.js';

/** Memory for the teacher's features, in bytes: about 1.8 MB an image. Those of more images are computed in every epoch. */
const FEATURE_MEMORY = 2e9;

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
}

export interface DistillOptions {
  readonly engine: Engine;
  /** Folded weights. */
  readonly teacher: Weights;
  /** uint8 RGB, one array an image. */
  readonly images: { readonly training: readonly Uint8Array[]; readonly validation: readonly Uint8Array[] };
  readonly recipe: Recipe;
  readonly seed: number;
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
  const common = { size: preprocessing.size, normalisation: preprocessing };
  const features = new TeacherFeatures(engine, options.teacher, { ...common, limit: FEATURE_MEMORY });
  const student = initialiseStudent(seed);
  const trainer = new Trainer(engine, student, { ...common, optimiser: optimiserOf(recipe) });
  const validator = new Validator(engine, { ...common, batch: recipe.batch });
  const run = describeRun(options);
  const resumed = options.resume ? await readCheckpoint(file, run) : undefined;
  if (resumed) trainer.restore({ weights: resumed.state, stepsTaken: resumed.stepsTaken });
  let checkpoint: Checkpoint | undefined = resumed;
  try {
    for (let epoch = (resumed?.epochs.length ?? 0) + 1; epoch <= recipe.epochs && !signal?.aborted; epoch++) {
      const loss = await learnEpoch(epoch, trainer, features, options, checkpoint?.epochs.at(-1)?.validationLoss);
      if (loss === undefined) break;
      const validationLoss = await validator.loss(trainer.student(), images.validation, features);
      const imagesPerEpoch = images.training.length;
      options.onProgress?.({
        epoch,
        epochs: recipe.epochs,
        images: imagesPerEpoch,
        imagesPerEpoch,
        loss,
        validationLoss,
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
  return { student: best, bestEpoch, epochs, finished: epochs.length === recipe.epochs };
}

const bestLoss = (checkpoint: Checkpoint | undefined): number =>
  checkpoint ? checkpoint.epochs[checkpoint.bestEpoch - 1].validationLoss : Number.POSITIVE_INFINITY;

/** What must be the same for a checkpoint to be gone on from. */
function describeRun({ recipe, seed, images }: DistillOptions): string {
  const counts = `${images.training.length}+${images.validation.length} images`;
  return `recipe ${JSON.stringify(recipe)}, seed ${seed}, ${counts}`;
}

/** One pass over the training images in an order of its own. Returns the mean loss; undefined when the signal came. */
async function learnEpoch(
  epoch: number,
  trainer: Trainer,
  features: TeacherFeatures,
  { recipe, seed, images, signal, onProgress }: DistillOptions,
  validationLoss: number | undefined,
): Promise<number | undefined> {
  const order = shuffle(images.training, seed, epoch);
  const stepsPerEpoch = Math.ceil(order.length / recipe.batch);
  let sum = 0;
  for (let step = 0; step < stepsPerEpoch; step++) {
    if (signal?.aborted) return undefined;
    const frames = order.slice(step * recipe.batch, (step + 1) * recipe.batch);
    const stepOfAll = (epoch - 1) * stepsPerEpoch + step;
    const rate = learningRateAt(recipe, stepOfAll, recipe.epochs * stepsPerEpoch);
    const loss = await trainer.step(frames, await features.of(frames), rate);
    if (!Number.isFinite(loss)) {
      throw new KdadError('TRAINING_DIVERGED', `the loss became ${loss} in epoch ${epoch}, step ${step + 1}`);
    }
    sum += loss * frames.length;
    const done = Math.min(order.length, (step + 1) * recipe.batch);
    onProgress?.({
      epoch,
      epochs: recipe.epochs,
      images: done,
      imagesPerEpoch: order.length,
      loss: sum / done,
      validationLoss,
    });
    // The step ran on this thread: let signals and the terminal have their turn.
    await new Promise((resolve) => setImmediate(resolve));
  }
  return sum / order.length;
}
