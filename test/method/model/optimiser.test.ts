import { describe, expect, it } from 'vitest';
import { adam, type Optimiser, sgd } from '../../../src/method/model/optimiser.js';
import type { Scalar } from '../../../src/method/tensorflow.js';
import { type Inputs, runReference } from '../../fixtures/reference.js';

const start = [1, -2, 0.5, 0, 3];
const gradients = [
  [0.1, -0.2, 3, 0, 1e-4],
  [0.3, 0.1, -1, 0.5, 1e-4],
  [-0.2, 0.4, 0.25, -0.5, 2e-4],
];

const vector = (data: readonly number[]) => ({
  shape: [data.length],
  type: 'float32' as const,
  data: Float32Array.from(data),
});
const scalar = (value: number) => ({ shape: [], type: 'float32' as const, data: Float32Array.of(value) });

/** The parameter after each of the three gradients. */
async function descend(optimiser: Optimiser, learningRate: number): Promise<number[][]> {
  let state: Inputs = { parameter: vector(start) };
  for (const slot of optimiser.slots) state = { ...state, [slot]: vector(start.map(() => 0)) };
  const path: number[][] = [];
  for (const [i, gradient] of gradients.entries()) {
    const inputs = { ...state, gradient: vector(gradient), step: scalar(i + 1), learningRate: scalar(learningRate) };
    const { results } = await runReference(({ parameter, gradient: g, step, learningRate: rate, ...slots }) => {
      const next = optimiser.update(parameter, g, slots, step as Scalar, rate as Scalar);
      return { parameter: next.parameter, ...next.slots };
    }, inputs);
    state = Object.fromEntries(Object.entries(results).map(([name, { data }]) => [name, vector([...data])]));
    path.push([...results.parameter.data]);
  }
  return path;
}

function expectPath(path: readonly number[][], expected: readonly number[][]): void {
  for (const [i, values] of expected.entries()) {
    for (const [j, value] of values.entries()) expect(path[i][j]).toBeCloseTo(value, 6);
  }
}

describe('an optimiser takes the steps of torch.optim (PyTorch 2.13):', () => {
  it('Adam', async () => {
    expectPath(await descend(adam(), 0.01), [
      [0.99, -1.99, 0.49, 0, 2.990001],
      [0.9808222, -1.9873366, 0.4859978, -0.0074414, 2.9800019],
      [0.9782432, -1.99191, 0.4824098, -0.0069895, 2.9703248],
    ]);
  });

  it('SGD with momentum and weight decay', async () => {
    expectPath(await descend(sgd({ momentum: 0.9, weightDecay: 0.01 }), 0.1), [
      [0.989, -1.978, 0.1995, 0, 2.99699],
      [0.948111, -1.966222, 0.0288505, -0.05, 2.9912739],
      [0.9303628, -1.9936557, -0.1497629, -0.04495, 2.9831183],
    ]);
  });
});
