import { readFile, rm } from 'node:fs/promises';
import { z } from 'zod';
import { KdadError } from '../../common/errors.js';
import { replaceFile } from '../../common/files.js';
import type { Weights } from '../../method/model/weights.js';
import { readSafetensors, writeSafetensors } from '../../method/weights/safetensors.js';

const progressSchema = z.strictObject({
  /** What the run was begun with; a checkpoint of another run cannot be resumed. */
  run: z.string(),
  stepsTaken: z.int(),
  epochs: z.array(z.strictObject({ loss: z.number(), validationLoss: z.number() })),
  bestEpoch: z.int().nonnegative(),
});

export type Progress = z.infer<typeof progressSchema>;

/** A training between two epochs. */
export interface Checkpoint extends Progress {
  /** The student and the optimiser's slots, to go on from. */
  readonly state: Weights;
  /** The best student so far. */
  readonly best: Weights;
}

const STATE = 'state/';
const BEST = 'best/';

/** One file holds everything, and takes the place of the last one whole: weights and epoch cannot disagree. */
export async function writeCheckpoint(file: string, { state, best, ...progress }: Checkpoint): Promise<void> {
  const weights = { ...withPrefix(STATE, state), ...withPrefix(BEST, best) };
  const bytes = writeSafetensors(weights, { metadata: { progress: JSON.stringify(progress) } });
  await replaceFile(file, bytes);
}

/**
 * @param run as it was written; undefined when there is no checkpoint
 * @throws KdadError CHECKPOINT_INVALID for a damaged one or one of another run
 */
export async function readCheckpoint(file: string, run: string): Promise<Checkpoint | undefined> {
  const bytes = await readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return undefined;
    throw error;
  });
  if (!bytes) return undefined;
  const checkpoint = parse(file, bytes);
  if (checkpoint.run !== run) {
    const differences = `it was begun as ${checkpoint.run}, now it is ${run}`;
    throw new KdadError('CHECKPOINT_INVALID', `${file} belongs to another training: ${differences}`);
  }
  return checkpoint;
}

export const removeCheckpoint = (file: string): Promise<void> => rm(file, { force: true });

function parse(file: string, bytes: Uint8Array): Checkpoint {
  try {
    const { weights, metadata } = readSafetensors(bytes, file);
    const progress = progressSchema.parse(JSON.parse(metadata.progress ?? 'null'));
    return { ...progress, state: withoutPrefix(STATE, weights), best: withoutPrefix(BEST, weights) };
  } catch (error) {
    throw new KdadError('CHECKPOINT_INVALID', `${file} is damaged: ${(error as Error).message}`, { cause: error });
  }
}

const withPrefix = (prefix: string, weights: Weights): Weights =>
  Object.fromEntries(Object.entries(weights).map(([name, weight]) => [prefix + name, weight]));

const withoutPrefix = (prefix: string, weights: Weights): Weights =>
  Object.fromEntries(
    Object.entries(weights)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, weight]) => [name.slice(prefix.length), weight]),
  );
