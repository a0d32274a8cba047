import type { Engine, Executable, TensorSpec } from '../../method/engine/engine.js';
import { PerBatchSize } from '../../method/engine/per-batch-size.js';
import type { Optimiser } from '../../method/model/optimiser.js';
import { shapesOfParameters, shapesOfStudent } from '../../method/model/parameters.js';
import { slotName, trainingStep } from '../../method/model/training-step.js';
import type { Weights } from '../../method/model/weights.js';
import type { Scalar } from '../../method/tensorflow.js';
import { type Features, targets } from './feature-maps.js';
import type { StudentInput } from './student-input.js';

/**
 * A student in training: its weights, what the optimiser remembers, and the compiled step. Two sets of arrays take
 * turns as input and output, so that no step allocates or copies the state.
 */
export class Trainer {
  readonly #engine: Engine;
  readonly #options: { size: readonly [number, number]; input: StudentInput; optimiser: Optimiser };
  readonly #shapes: Readonly<Record<string, readonly number[]>>;
  readonly #programs = new PerBatchSize((batch) => this.#compile(batch));
  #state: Record<string, Float32Array>;
  #spare: Record<string, Float32Array>;
  #stepsTaken = 0;

  constructor(
    engine: Engine,
    student: Weights,
    options: { size: readonly [number, number]; input: StudentInput; optimiser: Optimiser },
  ) {
    this.#engine = engine;
    this.#options = options;
    const { convolutions } = options.input;
    const shapes: Record<string, readonly number[]> = shapesOfStudent(convolutions);
    for (const [name, shape] of Object.entries(shapesOfParameters(convolutions))) {
      for (const slot of options.optimiser.slots) shapes[slotName(slot, name)] = shape;
    }
    this.#shapes = shapes;
    const empty = () => Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, zeros(shape)]));
    this.#state = empty();
    this.#spare = empty();
    this.restore({ weights: student, stepsTaken: 0 });
  }

  /**
   * One step on a batch.
   * @param frames uint8 RGB, one array an image
   * @param features the teacher's, of the same images
   * @returns the loss before the step
   */
  async step(frames: readonly Uint8Array[], features: readonly Features[], learningRate: number): Promise<number> {
    const program = await this.#programs.get(frames.length);
    this.#stepsTaken++;
    const inputs = {
      ...this.#state,
      ...targets.data(features),
      ...this.#options.input.data(frames, features),
      step: Float32Array.of(this.#stepsTaken),
      learningRate: Float32Array.of(learningRate),
    };
    const { loss } = await program.run(inputs, this.#spare);
    [this.#state, this.#spare] = [this.#spare, this.#state];
    return loss.data[0];
  }

  /** The whole state, copied: the student's weights and the optimiser's slots. */
  snapshot(): { weights: Weights; stepsTaken: number } {
    const copies = Object.entries(this.#state).map(([name, data]) => [
      name,
      { shape: this.#shapes[name], data: data.slice() },
    ]);
    return { weights: Object.fromEntries(copies), stepsTaken: this.#stepsTaken };
  }

  /** The student alone, by torchvision's names. */
  student(): Weights {
    const names = Object.keys(shapesOfStudent(this.#options.input.convolutions));
    return Object.fromEntries(
      names.map((name) => [name, { shape: this.#shapes[name], data: this.#state[name].slice() }]),
    );
  }

  /** Takes over weights and, where they are given, the optimiser's slots. */
  restore({ weights, stepsTaken }: { weights: Weights; stepsTaken: number }): void {
    for (const [name, { data }] of Object.entries(weights)) this.#state[name].set(data);
    this.#stepsTaken = stepsTaken;
  }

  dispose(): Promise<void> {
    return this.#programs.dispose();
  }

  #compile(batch: number): Promise<Executable> {
    const { size, input, optimiser } = this.#options;
    const inputs: Record<string, TensorSpec> = {
      ...input.specs(batch, size),
      step: { shape: [], type: 'float32' },
      learningRate: { shape: [], type: 'float32' },
      ...targets.specs(batch, size),
    };
    for (const [name, shape] of Object.entries(this.#shapes)) inputs[name] = { shape, type: 'float32' };
    return this.#engine.compile(({ step, learningRate, ...rest }) => {
      const rates = { step: step as Scalar, learningRate: learningRate as Scalar };
      return trainingStep(input.prepare(rest), input.network, targets.from(rest), rest, optimiser, rates);
    }, inputs);
  }
}

const zeros = (shape: readonly number[]): Float32Array =>
  new Float32Array(shape.reduce((product, n) => product * n, 1));
