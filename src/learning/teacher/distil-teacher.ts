import type { KdadError } from '../../common/errors.js';
import { makeParent, replaceFile } from '../../common/files.js';
import type { Engine } from '../../method/engine/engine.js';
import { imagenetPreprocessing, type Preprocessing } from '../../method/images/preprocessing.js';
import { foldBatchNorm } from '../../method/model/parameters.js';
import { readTeacher } from '../../method/weights/read-teacher.js';
import { writeSafetensors } from '../../method/weights/safetensors.js';
import { removeCheckpoint } from '../distillation/checkpoint.js';
import { type DistillationProgress, distil } from '../distillation/distil.js';
import type { Schedule } from '../distillation/schedule.js';
import { openCorpus } from './corpus.js';
import { studentFromFolded } from './first-student.js';

/** Crops between two checkpoints. */
const EPOCH = 4096;

export interface DistilTeacherOptions {
  /** Safetensors file of the teacher to learn from. */
  readonly teacher: string;
  /** Safetensors file of weights to begin with; random ones when absent. */
  readonly start?: string;
  /** Folders of ordinary pictures. */
  readonly corpus: readonly string[];
  /** Safetensors file to write. */
  readonly out: string;
  /** Crops to learn from, rounded up to whole epochs. */
  readonly images: number;
  /** Height and width of the crops, a multiple of 16. */
  readonly size: number;
  readonly batch: number;
  /** The highest; 0.001 when absent. It rises to that first, then falls to zero along a cosine. */
  readonly learningRate?: number;
  /** Crops between two looks at the held-out pictures; 4096 when absent. */
  readonly epoch?: number;
  readonly seed: number;
  /** Goes on from the checkpoint beside `out`, where there is one. */
  readonly resume: boolean;
  readonly engine: Engine;
  /** Ends the training after the step at hand; the last epoch's weights are written. */
  readonly signal?: AbortSignal;
  readonly onCorpus?: (pictures: number, heldOut: number) => void;
  readonly onSkip?: (error: KdadError) => void;
  readonly onProgress?: (progress: DistillationProgress) => void;
}

/**
 * Makes a teacher: a ResNet-18 that reproduces another one's features on a broad corpus of pictures. The training is
 * the product's own, on many kinds of image instead of one.
 *
 * @returns whether it ran to its end; otherwise the checkpoint is still there to resume from
 * @throws KdadError DATASET_INVALID, WEIGHTS_INVALID, OUTPUT_UNWRITABLE, CHECKPOINT_INVALID, TRAINING_DIVERGED,
 *   INTERRUPTED
 */
export async function distilTeacher(options: DistilTeacherOptions): Promise<boolean> {
  const { corpus: folders, out, size, seed, engine, resume, signal, onProgress, epoch = EPOCH } = options;
  await makeParent(out);
  const { weights: teacher } = await readTeacher(options.teacher);
  const corpus = await openCorpus(folders, { size, epoch, seed, onSkip: options.onSkip });
  options.onCorpus?.(corpus.pictures, corpus.validation.length);
  const preprocessing: Preprocessing = { ...imagenetPreprocessing, size: [size, size] };
  const checkpoint = `${out}.checkpoint`;
  const first = options.start === undefined ? undefined : (await readTeacher(options.start)).weights;
  const { student, finished } = await distil({
    engine,
    teacher,
    images: corpus,
    recipe: scheduleOf(options, Math.ceil(options.images / epoch)),
    seed,
    student: first && (await studentFromFolded(engine, first, corpus.validation, preprocessing)),
    preprocessing,
    checkpoint,
    resume,
    signal,
    onProgress,
  });
  await replaceFile(out, writeSafetensors(foldBatchNorm(student), { precision: 'float16' }));
  if (finished) await removeCheckpoint(checkpoint);
  return finished;
}

const scheduleOf = ({ batch, learningRate = 1e-3 }: DistilTeacherOptions, epochs: number): Schedule => ({
  name: 'teacher',
  epochs,
  batch,
  optimiser: { kind: 'adam', learningRate, schedule: 'cosine' },
  sharedStem: false,
  keep: 'last',
});
