import { describe, expect, it } from 'vitest';
import type { Graph } from '../../../../src/method/engine/onnx/graph.js';
import { activations, quantise, type Range } from '../../../../src/method/engine/onnx/quantise.js';
import { Session } from '../../../../src/method/engine/onnx/runtime.js';
import { trace } from '../../../../src/method/engine/onnx/tracer.js';
import * as tf from '../../../../src/method/tensorflow.js';
import { numbers, relativeError } from '../../../fixtures/numbers.js';

const FRAME = [2, 8, 10, 3];
const constant = (shape: number[], seed: number) => ({
  shape,
  type: 'float32' as const,
  value: numbers(
    shape.reduce((product, n) => product * n),
    seed,
  ),
});
/** Filters are OIHW, as PyTorch and ONNX keep them. */
const weights = {
  stem: constant([6, 3, 3, 3], 1),
  bias: constant([6], 2),
  first: constant([6, 6, 3, 3], 3),
  second: constant([6, 6, 1, 1], 4),
};

/**
 * What a backbone is made of: a convolution with bias and ReLU, a pool, a residual block; then something that stays in
 * floats.
 */
const program = ({ frames, stem, bias, first, second }: Record<string, tf.Tensor>) => {
  const convolve = (x: tf.Tensor, filter: tf.Tensor, pad: number) =>
    tf.add<tf.Tensor4D>(tf.conv2d(x as tf.Tensor4D, tf.transpose(filter as tf.Tensor4D, [2, 3, 1, 0]), 1, pad), bias);
  const start = tf.maxPool(tf.relu(convolve(frames, stem, 1)), 3, 2, 1);
  const block = tf.relu(tf.add<tf.Tensor4D>(convolve(tf.relu(convolve(start, first, 1)), second, 0), start));
  return { features: block, lengths: tf.sqrt(tf.sum(tf.square(block), 3)) };
};

/** The mean of each channel, axis 1. */
function channelMeans(data: Float32Array, [batch, channels]: readonly number[]): Float32Array {
  const area = data.length / batch / channels;
  const means = new Float32Array(channels);
  for (const [i, value] of data.entries()) means[Math.floor(i / area) % channels] += value / batch / area;
  return means;
}

/** The program in both precisions on the same frames, its ranges taken from these frames themselves. */
async function inBoth({ means = true } = {}): Promise<{
  graph: Graph;
  bytes: Graph;
  run: (graph: Graph) => Promise<Float32Array[]>;
}> {
  const graph = await trace(program, { frames: { shape: FRAME, type: 'float32' }, ...weights });
  const frames = { shape: FRAME, data: numbers(2 * 8 * 10 * 3, 5) };
  const observe = async (encoded: Uint8Array) => {
    const session = await Session.open(encoded);
    const results = await session.run({ frames });
    await session.close();
    return results;
  };
  const outputs = new Map(activations(graph).map((edge) => [edge.name, edge]));
  const observed = await observe(graph.encode({ outputs }));
  const ranges = new Map(
    Object.entries(observed).map(([name, { data, shape }]): [string, Range] => [
      name,
      {
        low: Math.min(...data),
        high: Math.max(...data),
        ...(means && { means: channelMeans(data as Float32Array, shape) }),
      },
    ]),
  );
  const run = async (one: Graph) => Object.values(await observe(one.encode())).map(({ data }) => data as Float32Array);
  return { graph, bytes: quantise(graph, ranges), run };
}

const operators = (graph: Graph) => graph.nodes.map(({ operator }) => operator);

describe('a quantised graph', () => {
  it('computes what the original does, within the steps of its bytes', async () => {
    const { graph, bytes, run } = await inBoth();
    const [exact, rounded] = [await run(graph), await run(bytes)];
    for (const [i, values] of exact.entries()) expect(relativeError(rounded[i], values)).toBeLessThan(0.03);
  });

  it('has the means of the original: the biases take away what rounding the weights adds', async () => {
    const errorOf = async (options: { means: boolean }) => {
      const { graph, bytes, run } = await inBoth(options);
      const [[exact], [rounded]] = [await run(graph), await run(bytes)];
      // Channels come last in the results.
      const sums = new Float32Array(6);
      for (const [i, value] of exact.entries()) sums[i % 6] += rounded[i] - value;
      return Math.hypot(...sums) / (exact.length / 6);
    };
    expect(await errorOf({ means: true })).toBeLessThan((await errorOf({ means: false })) / 2);
  });

  it('keeps bytes between its convolutions, through pools and sums, and turns to floats once', async () => {
    const { graph, bytes } = await inBoth();
    expect(operators(graph)).toEqual(expect.arrayContaining(['Conv', 'Add', 'Relu', 'MaxPool']));
    expect(operators(bytes).filter((name) => !['Transpose', 'Reshape'].includes(name))).toEqual([
      'QuantizeLinear',
      'QLinearConv',
      'MaxPool',
      'QLinearConv',
      'QLinearConv',
      'QLinearAdd',
      'DequantizeLinear',
      ...operators(graph)
        .slice(operators(graph).lastIndexOf('Relu') + 1)
        .filter((name) => !['Transpose', 'Reshape'].includes(name)),
    ]);
  });

  it('cannot be made without the range of an activation, and says of which', async () => {
    const { graph } = await inBoth();
    const [first] = activations(graph);
    expect(() => quantise(graph, new Map())).toThrow(
      expect.objectContaining({ code: 'ENGINE_FAILED', message: expect.stringContaining(first.name) }),
    );
  });
});
