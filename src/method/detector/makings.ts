import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KdadError } from '../../common/errors.js';
import { tileGrid } from '../images/tiles.js';
import type { DetectorOptions } from '../model/detector.js';
import { foldBatchNorm } from '../model/parameters.js';
import type { Weights } from '../model/weights.js';
import { readSafetensors } from '../weights/safetensors.js';
import type { DetectorSource } from './detector.js';
import { mapSettingsOf } from './map-settings.js';
import type { DetectorWeights } from './program.js';

/** What `detectorProgram` makes a bundle's detector of. */
export interface Makings {
  readonly weights: DetectorWeights;
  readonly options: DetectorOptions;
  /** Height and width of a frame. */
  readonly size: readonly [number, number];
}

/** @throws KdadError WEIGHTS_INVALID, BUNDLE_UNSUPPORTED for a recipe whose map is not known */
export async function readMakings(source: DetectorSource): Promise<Makings> {
  const { directory, manifest } = source;
  const [teacher, student, usual, memory] = await Promise.all(
    ['teacher', 'student', 'usual-distance', 'memory'].map((name) => {
      const file = `${name}.safetensors`;
      return file in manifest.files || name === 'teacher' ? readWeights(join(directory, file)) : undefined;
    }),
  );
  const map = mapSettingsOf(source);
  const { preprocessing } = manifest;
  return {
    weights: { teacher: teacher as Weights, student: student && foldBatchNorm(student), usual, memory },
    options: { normalisation: preprocessing, map, scoring: map.scoring, tiles: tileGrid(preprocessing) },
    size: preprocessing.size,
  };
}

async function readWeights(file: string): Promise<Weights> {
  const bytes = await readFile(file).catch((cause: Error) => {
    throw new KdadError('WEIGHTS_INVALID', `${file}: cannot be read (${cause.message})`, { cause });
  });
  return readSafetensors(bytes, file).weights;
}
