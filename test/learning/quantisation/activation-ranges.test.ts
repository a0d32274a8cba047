import { expect, it } from 'vitest';
import { activationRanges } from '../../../src/learning/quantisation/activation-ranges.js';
import { trace } from '../../../src/method/engine/onnx/tracer.js';
import * as tf from '../../../src/method/tensorflow.js';
import { numbers } from '../../fixtures/numbers.js';

it('has the mean of each channel of what goes into a convolution, also where a frame is cut into tiles', async () => {
  // Two tiles a frame, each of 2 x 4 pixels: channels are not the outermost axis of what a frame becomes.
  const program = ({ frames, filter }: Record<string, tf.Tensor>) => {
    const tiles = tf.reshape(tf.cast(frames, 'float32'), [2, 2, 4, 3]) as tf.Tensor4D;
    return { features: tf.conv2d(tiles, tf.transpose(filter as tf.Tensor4D, [2, 3, 1, 0]), 1, 'valid') };
  };
  const graph = await trace(program, {
    frames: { shape: [1, 4, 4, 3], type: 'uint8' },
    filter: { shape: [2, 3, 1, 1], type: 'float32', value: numbers(6, 1) },
  });
  const frames = [1, 2].map((factor) => Uint8Array.from({ length: 48 }, (_, i) => factor * (i + 30 * (i % 3))));
  const mean = (channel: number) => {
    const values = frames.flatMap((frame) => [...frame].filter((_, i) => i % 3 === channel));
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  const means = [...(await activationRanges(graph, frames, 1)).values()].map((range) => [...(range.means ?? [])]);
  expect(means).toContainEqual([0, 1, 2].map((channel) => expect.closeTo(mean(channel), 3)));
});
