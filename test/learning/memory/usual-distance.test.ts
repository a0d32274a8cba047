import { expect, it } from 'vitest';
import { join } from '../../../src/common/join.js';
import { usualDistances } from '../../../src/learning/memory/usual-distance.js';
import { OnnxEngine } from '../../../src/method/engine/onnx/onnx-engine.js';
import { imagenetPreprocessing } from '../../../src/method/images/preprocessing.js';
import { bothFeatureMaps, normaliseFrames } from '../../../src/method/model/detector.js';
import { featureDistance } from '../../../src/method/model/distillation.js';
import { foldBatchNorm, initialiseStudent } from '../../../src/method/model/parameters.js';
import type { Weight } from '../../../src/method/model/weights.js';

const SIDE = 64;
const preprocessing = { ...imagenetPreprocessing, size: [SIDE, SIDE] as const };
const [teacher, student] = [foldBatchNorm(initialiseStudent(1)), foldBatchNorm(initialiseStudent(2))];

/** Grey, with noise in the left half. */
const frame = (seed: number) =>
  Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) =>
    Math.floor(i / 3) % SIDE < SIDE / 2 ? (Math.imul(i + 1, 2654435761 + 2 * seed) >>> 24) & 255 : 128,
  );
const usualOf = (frames: readonly Uint8Array[]) =>
  usualDistances({ engine: new OnnxEngine({ threads: 1 }), teacher, student, frames, preprocessing });

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

it('is the same whatever the order of the images', async () => {
  const frames = Array.from({ length: 10 }, (_, i) => frame(i));
  const [all, reversed] = [await usualOf(frames), await usualOf([...frames].reverse())];
  for (const layer of ['layer1', 'layer2', 'layer3']) {
    for (const [i, value] of all[layer].data.entries()) expect(reversed[layer].data[i]).toBeCloseTo(value, 5);
  }
});

it('is what good images stay below at 95 of 100 places, in every layer', async () => {
  const frames = Array.from({ length: 8 }, (_, i) => frame(i));
  const usual = await usualOf(frames);
  const inputs = {
    frames: { shape: [8, SIDE, SIDE, 3], type: 'uint8' as const },
    ...Object.fromEntries([
      ...Object.entries(teacher).map(named('teacher')),
      ...Object.entries(student).map(named('student')),
    ]),
  };
  const program = await new OnnxEngine({ threads: 1 }).compile(({ frames: pictures, ...weights }) => {
    const part = (prefix: string) =>
      Object.fromEntries(
        Object.entries(weights)
          .filter(([name]) => name.startsWith(prefix))
          .map(([name, value]) => [name.slice(prefix.length + 1), value]),
      );
    const images = normaliseFrames(pictures, preprocessing);
    const { students, teachers } = bothFeatureMaps(images, { teacher: part('teacher'), student: part('student') });
    return Object.fromEntries(students.map((map, i) => [`layer${i + 1}`, featureDistance(map, teachers[i])]));
  }, inputs);
  const results = await program.run({ frames: join(frames) });
  await program.dispose();
  for (const [layer, { data }] of Object.entries(results)) {
    const places = usual[layer].data.length;
    const above = [...data].filter((value, i) => value > usual[layer].data[i % places]).length;
    expect(above / data.length).toBeGreaterThan(0.04);
    expect(above / data.length).toBeLessThanOrEqual(0.06);
  }
});

const named =
  (network: string) =>
  ([name, { shape, data }]: [string, Weight]) => [
    `${network}/${name}`,
    { shape, type: 'float32' as const, value: data },
  ];
