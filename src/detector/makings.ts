import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KdadError } from '../errors.js';
import type { MapOptions } from '../model/anomaly-map.js';
import type { Normalisation } from '../model/detector.js';
import { foldBatchNorm } from '../model/parameters.js';
import { readSafetensors, type Weights } from '../model/safetensors.js';
import type { DetectorSource } from './detector.js';
import { mapSettingsOf } from './map-settings.js';
import type { DetectorWeights } from './program.js';

/** What `detectorProgram` makes a bundle's detector of. */
export interface Makings {
  readonly weights: DetectorWeights;
  readonly options: { readonly normalisation: Normalisation; readonly map: MapOptions };
  /** Height and width of a frame. */
  readonly size: readonly [number, number];
}

/** @throws KdadError WEIGHTS_INVALID, BUNDLE_UNSUPPORTED for a recipe whose map is not known */
export async function readMakings(source: DetectorSource): Promise<Makings> {
  const { directory, manifest } = source;
  const [teacher, student, usual] = await Promise.all(
    ['teacher', 'student', 'usual-distance'].map((name) => readWeights(join(directory, `${name}.safetensors`))),
  );
  return {
    weights: { teacher, student: foldBatchNorm(student), usual },
    options: { normalisation: manifest.preprocessing, map: mapSettingsOf(source) },
    size: manifest.preprocessing.size,
  };
}

async function readWeights(file: string): Promise<Weights> {
  const bytes = await readFile(file).catch((cause: Error) => {
    throw new KdadError('WEIGHTS_INVALID', `${file}: cannot be read (${cause.message})`, { cause });
  });
  return readSafetensors(bytes, file).weights;
}
