import { expect, it } from 'vitest';
import { imagenetPreprocessing } from '../../src/data/preprocessing.js';
import { OnnxEngine } from '../../src/engine/onnx/onnx-engine.js';
import { foldBatchNorm, initialiseStudent } from '../../src/model/parameters.js';
import { usualDistances } from '../../src/training/usual-distance.js';

const SIDE = 64;
const preprocessing = { ...imagenetPreprocessing, size: [SIDE, SIDE] as const };
const [teacher, student] = [foldBatchNorm(initialiseStudent(1)), foldBatchNorm(initialiseStudent(2))];

/** Grey, with noise in the left half. */
const frame = (seed: number) =>
  Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) =>
    Math.floor(i / 3) % SIDE < SIDE / 2 ? (Math.imul(i + 1, 2654435761 + 2 * seed) >>> 24) & 255 : 128,
  );
const usualOf = (frames: readonly Uint8Array[]) =>
  usualDistances({ engine: new OnnxEngine(), teacher, student, frames, preprocessing });

it('what is usual has the shape of each feature map, is smooth, and nowhere near zero', async () => {
  const usual = await usualOf(Array.from({ length: 9 }, (_, i) => frame(i)));
  expect(Object.entries(usual).map(([layer, { shape }]) => [layer, shape])).toEqual([
    ['layer1', [16, 16]],
    ['layer2', [8, 8]],
    ['layer3', [4, 4]],
  ]);
  const { data } = usual.layer1;
  const mean = data.reduce((a, b) => a + b) / data.length;
  expect(Math.min(...data)).toBeGreaterThan(mean / 3);
  for (let i = 1; i < 16; i++) expect(Math.abs(data[8 * 16 + i] - data[8 * 16 + i - 1])).toBeLessThan(0.3 * mean);
});

it('is the same whatever the order of the images, and the mean of them', async () => {
  const frames = Array.from({ length: 10 }, (_, i) => frame(i));
  const [all, reversed] = [await usualOf(frames), await usualOf([...frames].reverse())];
  const [first, second] = [await usualOf(frames.slice(0, 5)), await usualOf(frames.slice(5))];
  for (const layer of ['layer1', 'layer2', 'layer3']) {
    for (const [i, value] of all[layer].data.entries()) {
      expect(reversed[layer].data[i]).toBeCloseTo(value, 5);
      expect((first[layer].data[i] + second[layer].data[i]) / 2).toBeCloseTo(value, 5);
    }
  }
});
