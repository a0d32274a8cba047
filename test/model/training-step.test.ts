import { expect, it } from 'vitest';
import type { Program, TensorSpec } from '../../src/engine/engine.js';
import { OnnxEngine } from '../../src/engine/onnx/onnx-engine.js';
import { backbone } from '../../src/model/backbone.js';
import { normaliseFeatures } from '../../src/model/distillation.js';
import { sgd } from '../../src/model/optimiser.js';
import { initialiseStudent, shapesOfParameters } from '../../src/model/parameters.js';
import { slotName, trainingStep } from '../../src/model/training-step.js';
import type { Scalar, Tensor4D } from '../../src/tensorflow.js';
import { numbers, relativeError } from '../fixtures/numbers.js';
import { type Inputs, runReference } from '../fixtures/reference.js';

it('a whole training step agrees with the cpu backend: loss, gradients, statistics and weights', async () => {
  const [batch, size] = [2, 32];
  const inputs: Inputs = {};
  const put = (name: string, shape: readonly number[], data: Float32Array) => {
    inputs[name] = { shape, type: 'float32', data };
  };
  put('images', [batch, size, size, 3], numbers(batch * size * size * 3));
  const maps = [8, 4, 2].map((side, layer) => [batch, side, side, [64, 128, 256][layer]]);
  for (const [layer, shape] of maps.entries()) {
    const count = shape.reduce((a, b) => a * b, 1);
    put(`target${layer}`, shape, numbers(count, layer + 2).map(Math.abs));
  }
  put('step', [], Float32Array.of(1));
  put('learningRate', [], Float32Array.of(0.1));
  for (const [name, { shape, data }] of Object.entries(initialiseStudent(3))) put(name, shape, data);
  for (const [name, shape] of Object.entries(shapesOfParameters())) {
    put(slotName('velocity', name), shape, new Float32Array(shape.reduce((a, b) => a * b, 1)));
  }
  // With momentum from zero the velocity is the gradient itself.
  const program: Program = ({ images, target0, target1, target2, step, learningRate, ...state }) => {
    const targets = [target0, target1, target2].map((map) => normaliseFeatures(map as Tensor4D));
    const rates = { step: step as Scalar, learningRate: learningRate as Scalar };
    return trainingStep(images as Tensor4D, backbone, targets, state, sgd(), rates);
  };
  const { results } = await runReference(program, inputs);
  const specs = Object.entries(inputs).map(([name, { shape, type }]): [string, TensorSpec] => [name, { shape, type }]);
  const executable = await new OnnxEngine({ threads: 1 }).compile(program, Object.fromEntries(specs));
  const data = Object.entries(inputs).map(([name, input]) => [name, input.data] as const);
  const actual = await executable.run(Object.fromEntries(data));
  await executable.dispose();

  expect(Object.keys(actual).sort()).toEqual(Object.keys(results).sort());
  const errors = Object.entries(results).map(([name, { data: expected }]) => ({
    name,
    error: relativeError(actual[name].data, expected),
  }));
  expect(errors.filter(({ error }) => !(error < 1e-4))).toEqual([]);
});
