import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Engine } from '../engine/engine.js';
import type { Detection } from '../engine/onnx/session.js';
import { PerBatchSize } from '../engine/per-batch-size.js';
import { KdadError } from '../errors.js';
import type { MapOptions } from '../model/anomaly-map.js';
import { foldBatchNorm } from '../model/parameters.js';
import { readSafetensors, type Weights } from '../model/safetensors.js';
import type { Detector, DetectorSource } from './detector.js';
import { detectorProgram } from './program.js';

/** The part of a recipe that says how the layers' distances become a map; the manifest keeps it as it was written. */
const recipe = z.looseObject({
  map: z.object({
    combine: z.enum(['product', 'geometric-mean', 'sum', 'relative-mean', 'relative-max']),
    blur: z.number().nonnegative(),
    downscale: z.number().positive(),
  }),
});

/** The detector as a program on any engine, from a bundle's weights instead of its `detector.onnx`. */
export class ProgramDetector implements Detector {
  readonly device: string;
  readonly #programs: PerBatchSize;

  private constructor(programs: PerBatchSize, device: string) {
    this.device = device;
    this.#programs = programs;
  }

  /** @throws KdadError WEIGHTS_INVALID, BUNDLE_UNSUPPORTED for a recipe whose map is not known */
  static async load(
    { directory, manifest }: DetectorSource,
    engine: Engine & { readonly device?: string },
  ): Promise<ProgramDetector> {
    const [teacher, student, usual] = await Promise.all(
      ['teacher', 'student', 'usual-distance'].map((name) => readWeights(join(directory, `${name}.safetensors`))),
    );
    const weights = { teacher, student: foldBatchNorm(student), usual };
    const { size } = manifest.preprocessing;
    const options = { normalisation: manifest.preprocessing, map: mapOptionsOf(directory, manifest) };
    const programs = new PerBatchSize((batch) => {
      const { program, inputs } = detectorProgram(weights, options, [batch, ...size]);
      return engine.compile(program, inputs);
    });
    return new ProgramDetector(programs, engine.device ?? 'cpu');
  }

  async run(frames: Uint8Array, batch: number): Promise<Detection> {
    const program = await this.#programs.get(batch);
    const { anomaly_map: map, score } = await program.run({ frames });
    const [, height, width] = map.shape;
    return { maps: map.data as Float32Array, scores: score.data as Float32Array, mapSize: [height, width] };
  }

  dispose(): Promise<void> {
    return this.#programs.dispose();
  }
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
