import { beforeAll, describe, expect, it } from 'vitest';
import type { Engine, Program, TensorData } from '../../../src/method/engine/engine.js';
import { backbone, featureMaps } from '../../../src/method/model/backbone.js';
import { detect } from '../../../src/method/model/detector.js';
import { normaliseFeatures } from '../../../src/method/model/distillation.js';
import { sgd } from '../../../src/method/model/optimiser.js';
import { foldBatchNorm, initialiseStudent, shapesOfParameters } from '../../../src/method/model/parameters.js';
import { slotName, trainingStep } from '../../../src/method/model/training-step.js';
import type { Weights } from '../../../src/method/model/weights.js';
import * as tf from '../../../src/method/tensorflow.js';
import { numbers, relativeError } from '../../fixtures/numbers.js';
import { type Inputs, runReference } from '../../fixtures/reference.js';
import { cases, inputsOf, programOf, specsOf } from './cases.js';

/** How far results may be from the reference, relative to the largest of a tensor. */
const TOLERANCE = 1e-4;

export interface Contract {
  readonly open: () => Promise<Engine>;
  /** Why the engine cannot be had here; the suite is skipped then. */
  readonly missing?: string;
}

/**
 * What every engine has to do, held against what TensorFlow.js itself computes on its `cpu` backend. `npm run
 * test:engines` runs it on all of them.
 */
export function holdToContract(name: string, { open, missing }: Contract): void {
  describe.skipIf(missing)(`the engine ${name}`, () => {
    let engine: Engine;
    beforeAll(async () => {
      engine = await open();
    });

    const kernels = Object.entries(cases).flatMap(([kernel, list]) =>
      list.map((one, i) => ({ kernel, one, number: i + 1 })),
    );
    it.each(kernels)('computes $kernel, case $number', async ({ kernel, one }) => {
      const called = await agree(engine, programOf(one), inputsOf(one));
      expect(called).toContain(kernel);
    });

    it('hands frames to the program as int32', async () => {
      const data = Uint8Array.of(0, 1, 127, 128, 254, 255);
      await agree(engine, ({ frames }) => ({ sum: tf.add(tf.cast(frames, 'float32'), 1) }), {
        frames: { shape: [1, 2, 3], type: 'uint8', data },
      });
      const program = await engine.compile(({ frames }) => ({ is: tf.scalar(frames.dtype === 'int32' ? 1 : 0) }), {
        frames: { shape: [1], type: 'uint8' },
      });
      expect((await program.run({ frames: data.subarray(0, 1) })).is.data[0]).toBe(1);
      await program.dispose();
    });

    it('takes int32, scalars and constants', async () => {
      const program = await engine.compile(
        ({ x, n, table }) => ({ y: tf.mul(tf.add(tf.cast(x, 'float32'), n), table) }),
        {
          x: { shape: [3], type: 'int32' },
          n: { shape: [], type: 'float32' },
          table: { shape: [3], type: 'float32', value: Float32Array.of(1, 10, 100) },
        },
      );
      const { y } = await program.run({ x: Int32Array.of(-1, 0, 2 ** 10), n: Float32Array.of(0.5) });
      expect([...y.data]).toEqual([-0.5, 5, 100 * (2 ** 10 + 0.5)]);
      await program.dispose();
    });

    describe('given arrays for results', () => {
      const scale: Program = ({ x }) => ({ x: tf.mul(x, 2), sum: tf.sum(x) });
      const specs = { x: { shape: [2, 2], type: 'float32' as const } };

      it('writes into them, and leaves the inputs alone', async () => {
        const program = await engine.compile(scale, specs);
        const [x, into] = [Float32Array.of(1, 2, 3, 4), new Float32Array(4)];
        const results = await program.run({ x }, { x: into });
        expect([...into]).toEqual([2, 4, 6, 8]);
        expect([...results.x.data]).toEqual([2, 4, 6, 8]);
        expect(results.x.shape).toEqual([2, 2]);
        expect(results.sum).toEqual({ shape: [], data: Float32Array.of(10) });
        expect([...x]).toEqual([1, 2, 3, 4]);
        await program.dispose();
      });

      it('can take turns with them, as a training does', async () => {
        const program = await engine.compile(scale, specs);
        let [state, spare]: TensorData[] = [Float32Array.of(1, 2, 3, 4), new Float32Array(4)];
        for (let step = 0; step < 5; step++) {
          await program.run({ x: state }, { x: spare });
          [state, spare] = [spare, state];
        }
        expect([...state]).toEqual([32, 64, 96, 128]);
        await program.dispose();
      });

      it('leaves earlier results as they were', async () => {
        const program = await engine.compile(scale, specs);
        const first = await program.run({ x: Float32Array.of(1, 2, 3, 4) });
        await program.run({ x: Float32Array.of(5, 6, 7, 8) });
        expect([...first.x.data]).toEqual([2, 4, 6, 8]);
        await program.dispose();
      });
    });

    it('gives a copy of an input that the program passes through', async () => {
      const program = await engine.compile(({ x }) => ({ y: tf.clone(x) }), { x: { shape: [2], type: 'float32' } });
      const x = Float32Array.of(1, 2);
      const { y } = await program.run({ x });
      x.fill(0);
      expect([...y.data]).toEqual([1, 2]);
      await program.dispose();
    });

    it('runs executables in turn, each with its own constants', async () => {
      const compile = (value: number) =>
        engine.compile(({ x, c }) => ({ y: tf.add(x, c) }), {
          x: { shape: [1], type: 'float32' },
          c: { shape: [1], type: 'float32', value: Float32Array.of(value) },
        });
      const [one, two] = [await compile(1), await compile(2)];
      const x = Float32Array.of(10);
      const sums = [];
      for (const program of [one, two, one, two]) sums.push((await program.run({ x })).y.data[0]);
      expect(sums).toEqual([11, 12, 11, 12]);
      await one.dispose();
      expect((await two.run({ x })).y.data[0]).toBe(12);
      await two.dispose();
    });

    it('refuses data of another size than it was compiled for', async () => {
      const program = await engine.compile(({ x }) => ({ y: tf.abs(x) }), { x: { shape: [2], type: 'float32' } });
      await expect(program.run({ x: new Float32Array(3) })).rejects.toMatchObject({ code: 'ENGINE_FAILED' });
      await program.dispose();
    });

    describe('with the method itself', () => {
      it('judges a batch of frames', async () => {
        const [teacher, student] = [7, 8].map((seed) => foldBatchNorm(initialiseStudent(seed)));
        const options = {
          normalisation: { mean: [0.485, 0.456, 0.406], std: [0.229, 0.224, 0.225] },
          map: { combine: 'geometric-mean', size: [32, 32], blur: 2 },
        } as const;
        const data = Uint8Array.from(numbers(2 * 32 * 32 * 3), (value) => 128 + 127 * value);
        await agree(
          engine,
          (inputs) => ({
            ...detect(inputs.frames, { teacher: under(inputs, 't/'), student: under(inputs, 's/') }, options),
          }),
          { frames: { shape: [2, 32, 32, 3], type: 'uint8', data }, ...named('t/', teacher), ...named('s/', student) },
        );
      });

      it('takes a step of training', async () => {
        await agree(engine, step, stepInputs({ batch: 2 }));
      });

      it('leaves no tensors behind', async () => {
        const inputs = stepInputs({ batch: 1 });
        const before = tf.engine().state.numTensors;
        const program = await engine.compile(step, specsOf(inputs));
        for (let i = 0; i < 2; i++) await program.run(dataOf(inputs));
        await program.dispose();
        expect(tf.engine().state.numTensors).toBe(before);
      });
    });
  });
}

/** Runs a program on the engine and on the reference; returns the kernels that the reference called. */
async function agree(engine: Engine, program: Program, inputs: Inputs): Promise<string[]> {
  const { results, kernels } = await runReference(program, inputs);
  const executable = await engine.compile(program, specsOf(inputs));
  const actual = await executable.run(dataOf(inputs));
  await executable.dispose();
  expect(Object.keys(actual).sort()).toEqual(Object.keys(results).sort());
  for (const [name, expected] of Object.entries(results)) {
    expect(actual[name].shape, name).toEqual(expected.shape);
    expect(relativeError(actual[name].data, expected.data), name).toBeLessThan(TOLERANCE);
  }
  return kernels;
}

/** A whole step of a whole student. */
const step: Program = ({ images, target0, target1, target2, step: count, learningRate, ...state }) => {
  const teachers = [target0, target1, target2].map((target) => normaliseFeatures(target as tf.Tensor4D));
  const rates = { step: count as tf.Scalar, learningRate: learningRate as tf.Scalar };
  return trainingStep(images as tf.Tensor4D, backbone, teachers, state, sgd(), rates);
};

/** The deepest feature map has two places, and a student normalises over the batch, too. */
function stepInputs({ batch }: { batch: number }): Inputs {
  const [height, width] = [32, 16];
  const targets = featureMaps.map(({ channels, stride }, i) => [
    `target${i}`,
    random([batch, height / stride, width / stride, channels], i + 1),
  ]);
  const slots = Object.entries(shapesOfParameters()).flatMap(([name, shape]) =>
    sgd().slots.map((slot) => [slotName(slot, name), random(shape, 4)]),
  );
  return {
    images: random([batch, height, width, 3], 5),
    step: random([], 6),
    learningRate: random([], 7),
    ...Object.fromEntries([...targets, ...slots]),
    ...named('', initialiseStudent(3)),
  };
}

const dataOf = (inputs: Inputs): Record<string, TensorData> =>
  Object.fromEntries(Object.entries(inputs).map(([name, { data }]) => [name, data]));

const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

const random = (shape: readonly number[], seed: number): Inputs[string] => ({
  shape,
  type: 'float32',
  data: numbers(size(shape), seed),
});

const named = (prefix: string, weights: Weights): Inputs =>
  Object.fromEntries(
    Object.entries(weights).map(([name, weight]) => [`${prefix}${name}`, { ...weight, type: 'float32' as const }]),
  );

const under = (tensors: Record<string, tf.Tensor>, prefix: string): Record<string, tf.Tensor> =>
  Object.fromEntries(
    Object.entries(tensors)
      .filter(([name]) => name.startsWith(prefix))
      .map(([name, tensor]) => [name.slice(prefix.length), tensor]),
  );
