import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { KdadError } from '../errors.js';
import type { MapOptions } from '../model/anomaly-map.js';
import type { Normalisation } from '../model/detector.js';
import { foldBatchNorm } from '../model/parameters.js';
import { readSafetensors, type Weights } from '../model/safetensors.js';
import type { DetectorSource } from './detector.js';
import type { DetectorWeights } from './program.js';

/** The part of a recipe that says how the layers' distances become a map; the manifest keeps it as it was written. */
const recipe = z.looseObject({
  map: z.object({
    combine: z.enum(['product', 'geometric-mean', 'sum', 'relative-mean', 'relative-max']),
    blur: z.number().nonnegative(),
    downscale: z.number().positive(),
  }),
});

/** What `detectorProgram` makes a bundle's detector of. */
export interface Makings {
  readonly weights: DetectorWeights;
  readonly options: { readonly normalisation: Normalisation; readonly map: MapOptions };
  /** Height and width of a frame. */
  readonly size: readonly [number, number];
}

/** @throws KdadError WEIGHTS_INVALID, BUNDLE_UNSUPPORTED for a recipe whose map is not known */
export async function readMakings({ directory, manifest }: DetectorSource): Promise<Makings> {
  const [teacher, student, usual] = await Promise.all(
    ['teacher', 'student', 'usual-distance'].map((name) => readWeights(join(directory, `${name}.safetensors`))),
  );
  return {
    weights: { teacher, student: foldBatchNorm(student), usual },
    options: { normalisation: manifest.preprocessing, map: mapOptionsOf(directory, manifest) },
    size: manifest.preprocessing.size,
  };
}

async function readWeights(file: string): Promise<Weights> {
  const bytes = await readFile(file).catch((cause: Error) => {
    throw new KdadError('WEIGHTS_INVALID', `${file}: cannot be read (${cause.message})`, { cause });
  });
  return readSafetensors(bytes, file).weights;
}

function mapOptionsOf(directory: string, { recipe: written, preprocessing }: DetectorSource['manifest']): MapOptions {
  const result = recipe.safeParse(written);
  if (!result.success) {
    const message = `${directory}: its recipe (${written.name}) does not say how the anomaly map is made`;
    throw new KdadError('BUNDLE_UNSUPPORTED', message, { cause: result.error });
  }
  const { combine, blur, downscale } = result.data.map;
  const [height, width] = preprocessing.size;
  return { combine, blur, size: [height / downscale, width / downscale] };
}
