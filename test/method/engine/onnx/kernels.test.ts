import { describe, expect, it } from 'vitest';
import type { Program } from '../../../../src/method/engine/engine.js';
import { OnnxEngine } from '../../../../src/method/engine/onnx/onnx-engine.js';
import { kernels, trace } from '../../../../src/method/engine/onnx/tracer.js';
import * as tf from '../../../../src/method/tensorflow.js';
import { runReference } from '../../../fixtures/reference.js';
import { cases, inputsOf, programOf, specsOf } from '../cases.js';

describe('every traced kernel', () => {
  it('has a case here', () => {
    expect(Object.keys(cases).sort()).toEqual(Object.keys(kernels).sort());
  });
});

describe('gradients', () => {
  const smooth = ['Conv2D', 'FusedBatchNorm', 'Mean', 'Multiply', 'RealDiv', 'Sqrt', 'SquaredDifference', 'PadV2'];
  it.each(smooth)('agree with finite differences: %s', async (kernel) => {
    const [one] = cases[kernel];
    const inputs = inputsOf(one);
    const objective: Program = (tensors) => ({ value: tf.mean(tf.square(one.operation(...Object.values(tensors)))) });
    const { results } = await runReference(programOf(one), inputs);
    const executable = await new OnnxEngine().compile(objective, specsOf(inputs));
    const valueAt = async (data: Record<string, Float32Array>) => (await executable.run(data)).value.data[0];
    const data = Object.fromEntries(Object.entries(inputs).map(([name, input]) => [name, input.data as Float32Array]));
    for (const [i, [name, original]] of Object.entries(data).entries()) {
      const gradient = results[`gradient${i}`].data;
      const scale = Math.max(...Array.from(gradient, Math.abs));
      for (const element of [0, Math.floor(original.length / 2), original.length - 1]) {
        const change = 1e-2;
        const moved = (by: number) => ({ ...data, [name]: original.map((v, j) => (j === element ? v + by : v)) });
        const slope = ((await valueAt(moved(change))) - (await valueAt(moved(-change)))) / (2 * change);
        expect(Math.abs(slope - gradient[element]) / scale, `${name}[${element}]`).toBeLessThan(1e-2);
      }
    }
    await executable.dispose();
  });
});

describe('a program that cannot be traced', () => {
  const inputs = { x: { shape: [2, 2], type: 'float32' as const } };

  it('is refused by the name of the missing kernel', async () => {
    await expect(trace(({ x }) => ({ y: tf.cos(x) }), inputs)).rejects.toMatchObject({
      code: 'KERNEL_UNSUPPORTED',
      message: expect.stringContaining('Cos'),
    });
  });

  it('is refused when it reads a value, naming the operation behind it', async () => {
    await expect(trace(({ x }) => ({ y: tf.scalar(tf.exp(x).dataSync()[0]) }), inputs)).rejects.toMatchObject({
      code: 'KERNEL_UNSUPPORTED',
      message: expect.stringContaining('Exp'),
    });
  });

  it('leaves the tracer usable', async () => {
    await expect(trace(({ x }) => ({ y: tf.cos(x) }), inputs)).rejects.toThrow();
    const graph = await trace(({ x }) => ({ y: tf.exp(x) }), inputs);
    expect(graph.nodes.length).toBeGreaterThan(0);
  });
});
