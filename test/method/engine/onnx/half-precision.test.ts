import { expect, it } from 'vitest';
import type { Graph } from '../../../../src/method/engine/onnx/graph.js';
import { halfPrecision } from '../../../../src/method/engine/onnx/half-precision.js';
import { Session } from '../../../../src/method/engine/onnx/runtime.js';
import { trace } from '../../../../src/method/engine/onnx/tracer.js';
import * as tf from '../../../../src/method/tensorflow.js';
import { numbers, relativeError } from '../../../fixtures/numbers.js';

const constant = (shape: number[], seed: number, scale = 1) => ({
  shape,
  type: 'float32' as const,
  value: numbers(tf.util.sizeFromShape(shape), seed).map((value) => scale * value),
});
const shape = [2, 8, 10, 3];

/**
 * What a backbone is made of (filters are OIHW, as PyTorch and ONNX keep them), read at two places; then a distance and
 * a blur, which stay in 32 bits.
 */
async function program(scale = 1): Promise<Graph> {
  const weights = { stem: constant([6, 3, 3, 3], 1, scale), bias: constant([6], 2), first: constant([6, 6, 3, 3], 3) };
  return trace(
    ({ frames, stem, bias, first }) => {
      const convolve = (x: tf.Tensor, filter: tf.Tensor) =>
        tf.relu(
          tf.add<tf.Tensor4D>(
            tf.conv2d(x as tf.Tensor4D, tf.transpose(filter as tf.Tensor4D, [2, 3, 1, 0]), 1, 1),
            bias,
          ),
        );
      const start = tf.maxPool(convolve(tf.cast(frames, 'float32'), stem) as tf.Tensor4D, 3, 2, 1);
      const early = tf.sum(tf.square(start), 3, true) as tf.Tensor4D;
      const block = tf.relu(tf.add<tf.Tensor4D>(convolve(start, first), start));
      const distance = tf.add<tf.Tensor4D>(early, tf.sum(tf.square(block), 3, true));
      return { map: tf.conv2d(distance, tf.ones<tf.Rank.R4>([3, 1, 1, 1]), 1, 'same'), features: block };
    },
    { frames: { shape, type: 'uint8' }, ...weights },
  );
}

async function results(graph: Graph) {
  const session = await Session.open(graph.encode());
  const data = Uint8Array.from(numbers(tf.util.sizeFromShape(shape), 5), (value) => 128 + 127 * value);
  const { map, features } = await session.run({ frames: { shape, data } });
  await session.close();
  return { map, features };
}

/** The types that nodes of an operator make. */
const typesOf = (graph: Graph, operator: string) =>
  graph.nodes.filter((node) => node.operator === operator).map(({ outputs }) => outputs[0].type);

it('computes what the original does, within the rounding of 16 bits', async () => {
  const graph = await program();
  const [expected, actual] = [await results(graph), await results(halfPrecision(graph))];
  for (const name of ['map', 'features'] as const) {
    expect(actual[name].data).toBeInstanceOf(Float32Array);
    const error = relativeError(actual[name].data, expected[name].data);
    expect(error, name).toBeLessThan(5e-3);
    expect(error, name).toBeGreaterThan(1e-6);
  }
});

it('has convolutions, biases, sums, ReLUs and pools in 16 bits, the rest in 32', async () => {
  const half = halfPrecision(await program());
  expect(typesOf(half, 'Conv')).toEqual(['float16', 'float16', 'float32']);
  expect(typesOf(half, 'MaxPool')).toEqual(['float16']);
  expect(typesOf(half, 'Relu')).toEqual(['float16', 'float16', 'float16']);
  expect(typesOf(half, 'Add')).toEqual(['float16', 'float16', 'float16', 'float32']);
  expect(new Set(typesOf(half, 'MatMul'))).toEqual(new Set(['float32']));
  expect([...half.outputs.values()].map(({ type }) => type)).toEqual(['float32', 'float32']);
  expect(half.inputs.map(({ type }) => type)).toEqual(['uint8']);
});

it('casts once where a value is read several times', async () => {
  const casts = typesOf(halfPrecision(await program()), 'Cast');
  // Of the frames, to 32 bits and on to 16; back for both distances, and for what comes out, which the second distance
  // reads.
  expect(casts).toEqual(['float32', 'float16', 'float32', 'float32']);
});

it('is refused where a weight is too large', async () => {
  const graph = await program(1e6);
  expect(() => halfPrecision(graph)).toThrow(/too large for 16 bits/);
});
