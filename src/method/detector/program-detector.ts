import type { Engine } from '../engine/engine.js';
import type { Detection } from '../engine/onnx/session.js';
import { PerBatchSize } from '../engine/per-batch-size.js';
import type { Detector, DetectorSource } from './detector.js';
import { readMakings } from './makings.js';
import { detectorProgram } from './program.js';

/** The detector as a program on any engine, from a bundle's weights instead of its `detector.onnx`. */
export class ProgramDetector implements Detector {
  readonly device: string;
  readonly threads: number;
  readonly #programs: PerBatchSize;

  private constructor(
    programs: PerBatchSize,
    { device = 'cpu', threads }: Pick<Engine, 'threads'> & { device?: string },
  ) {
    this.device = device;
    this.threads = threads;
    this.#programs = programs;
  }

  /** @throws KdadError WEIGHTS_INVALID, BUNDLE_UNSUPPORTED for a recipe whose map is not known */
  static async load(source: DetectorSource, engine: Engine & { readonly device?: string }): Promise<ProgramDetector> {
    const { weights, options, size } = await readMakings(source);
    const programs = new PerBatchSize((batch) => {
      const { program, inputs } = detectorProgram(weights, options, [batch, ...size]);
      return engine.compile(program, inputs);
    });
    return new ProgramDetector(programs, engine);
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
