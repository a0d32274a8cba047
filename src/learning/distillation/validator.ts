import type { Engine, Executable, TensorSpec } from '../../method/engine/engine.js';
import { PerBatchSize } from '../../method/engine/per-batch-size.js';
import { frozen } from '../../method/model/convolution.js';
import { distillationLoss } from '../../method/model/distillation.js';
import { foldBatchNorm, shapesOfFolded } from '../../method/model/parameters.js';
import type { Weights } from '../../method/model/weights.js';
import { targets } from './feature-maps.js';
import type { StudentInput } from './student-input.js';
import type { TeacherFeatures } from './teacher-features.js';

const layers = ['layer1', 'layer2', 'layer3'] as const;

/** Measures a student on good images that it does not learn from, with running statistics as in inspection. */
export class Validator {
  readonly #engine: Engine;
  readonly #options: { size: readonly [number, number]; input: StudentInput; batch: number };
  readonly #programs = new PerBatchSize((batch) => this.#compile(batch));

  constructor(engine: Engine, options: { size: readonly [number, number]; input: StudentInput; batch: number }) {
    this.#engine = engine;
    this.#options = options;
  }

  /**
   * Averages over `frames`: the distillation loss, and the cosine of student and teacher in each of the three layers.
   */
  async measure(
    student: Weights,
    frames: readonly Uint8Array[],
    teacher: TeacherFeatures,
  ): Promise<{ loss: number; similarity: readonly number[] }> {
    const folded = Object.entries(foldBatchNorm(student)).map(([name, { data }]) => [name, data] as const);
    let sums = layers.map(() => 0);
    for (let start = 0; start < frames.length; start += this.#options.batch) {
      const batch = frames.slice(start, start + this.#options.batch);
      const features = await teacher.of(batch);
      const program = await this.#programs.get(batch.length);
      const inputs = {
        ...Object.fromEntries(folded),
        ...targets.data(features),
        ...this.#options.input.data(batch, features),
      };
      const results = await program.run(inputs);
      sums = sums.map((sum, layer) => sum + results[layers[layer]].data[0] * batch.length);
    }
    const losses = sums.map((sum) => sum / frames.length);
    return { loss: losses.reduce((a, b) => a + b) / losses.length, similarity: losses.map((loss) => 1 - loss) };
  }

  dispose(): Promise<void> {
    return this.#programs.dispose();
  }

  #compile(batch: number): Promise<Executable> {
    const { size, input } = this.#options;
    const inputs: Record<string, TensorSpec> = {
      ...input.specs(batch, size),
      ...targets.specs(batch, size),
    };
    for (const [name, shape] of Object.entries(shapesOfFolded(input.convolutions)))
      inputs[name] = { shape, type: 'float32' };
    return this.#engine.compile((rest) => {
      const students = input.network(input.prepare(rest), frozen(rest));
      const teachers = targets.from(rest);
      return Object.fromEntries(
        layers.map((layer, i) => [layer, distillationLoss([students[i]], [teachers[i]])] as const),
      );
    }, inputs);
  }
}
