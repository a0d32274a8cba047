import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import type { Engine, TensorSpec } from '../engine/engine.js';
import type { Detection } from '../engine/onnx/session.js';
import { PerBatchSize } from '../engine/per-batch-size.js';
import { KdadError } from '../errors.js';
import type { MapOptions } from '../model/anomaly-map.js';
import { detect } from '../model/detector.js';
import { foldBatchNorm } from '../model/parameters.js';
import { readSafetensors, type Weights } from '../model/safetensors.js';
import { reshape, type Tensor, type Tensor4D } from '../tensorflow.js';
import type { Detector, DetectorSource } from './detector.js';

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
    const networks = { teacher, student: foldBatchNorm(student), usual };
    const { size } = manifest.preprocessing;
    const options = { normalisation: manifest.preprocessing, map: mapOptionsOf(directory, manifest) };
    const programs = new PerBatchSize((batch) => {
      const constants = Object.entries(networks).flatMap(([network, weights]) =>
        Object.entries(weights).map(([name, { shape, data }]): [string, TensorSpec] => [
          `${network}/${name}`,
          { shape, type: 'float32', value: data },
        ]),
      );
      const inputs: Record<string, TensorSpec> = {
        frames: { shape: [batch, ...size, 3], type: 'uint8' },
        ...Object.fromEntries(constants),
      };
      return engine.compile((tensors) => {
        const of = (network: keyof typeof networks): Record<string, Tensor> =>
          Object.fromEntries(Object.keys(networks[network]).map((name) => [name, tensors[`${network}/${name}`]]));
        const layers = Object.values(of('usual')).map((layer): Tensor4D => {
          const [height, width] = layer.shape;
          return reshape(layer, [1, height, width, 1]);
        });
        return detect(tensors.frames, of('teacher'), of('student'), options, layers);
      }, inputs);
    });
    return new ProgramDetector(programs, engine.device ?? 'cpu');
  }

  async run(frames: Uint8Array, batch: number): Promise<Detection> {
    const program = await this.#programs.get(batch);
    const { map, score } = await program.run({ frames });
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
