import { describe, expect, it } from 'vitest';
import { anomalyMap, type MapOptions, score } from '../../../src/method/model/anomaly-map.js';
import { featureDistance } from '../../../src/method/model/distillation.js';
import type { Tensor4D } from '../../../src/method/tensorflow.js';
import { type Inputs, runReference } from '../../fixtures/reference.js';

const options: MapOptions = { combine: 'product', size: [4, 4], blur: 0 };

/** A feature map with one vector of two channels a pixel, given as an angle in degrees. */
const features = (side: number, degrees: (pixel: number) => number) => ({
  shape: [1, side, side, 2],
  type: 'float32' as const,
  data: Float32Array.from({ length: side * side * 2 }, (_, i) => {
    const angle = (degrees(Math.floor(i / 2)) * Math.PI) / 180;
    return 3 * (i % 2 === 0 ? Math.cos(angle) : Math.sin(angle));
  }),
});

/** The map where the teacher says 0 degrees everywhere and each layer of the student what its function says. */
async function map(
  students: ((pixel: number) => number)[],
  changes: Partial<MapOptions> = {},
  sides = [4, 4, 4],
  usual: (pixel: number) => number = () => 1,
) {
  const inputs: Inputs = {};
  for (const [layer, student] of students.entries()) {
    inputs[`student${layer}`] = features(sides[layer], student);
    inputs[`teacher${layer}`] = features(sides[layer], () => 0);
    const side = sides[layer];
    const data = Float32Array.from({ length: side * side }, (_, pixel) => usual(pixel));
    inputs[`usual${layer}`] = { shape: [1, side, side, 1], type: 'float32', data };
  }
  const { results } = await runReference((tensors) => {
    const layers = (network: string) => students.map((_, layer) => tensors[`${network}${layer}`] as Tensor4D);
    const distances = layers('student').map((map, layer) => featureDistance(map, layers('teacher')[layer]));
    const joined = anomalyMap(distances, { ...options, ...changes }, layers('usual'));
    return { map: joined, score: score(joined) };
  }, inputs);
  return { map: [...results.map.data], score: results.score.data[0], shape: results.map.shape };
}

const everywhere = (degrees: number) => () => degrees;
/** Half the squared distance of unit vectors. */
const distance = (degrees: number) => 1 - Math.cos((degrees * Math.PI) / 180);

describe('the anomaly map', () => {
  it('is zero where student and teacher agree in direction, whatever the length', async () => {
    const { map: values } = await map([everywhere(0), everywhere(0), everywhere(0)]);
    for (const value of values) expect(value).toBeCloseTo(0, 6);
  });

  it('multiplies the layers, or takes the cube root of that, or adds them by the pixel', async () => {
    const layers = [everywhere(90), everywhere(60), everywhere(30)];
    const product = distance(90) * distance(60) * distance(30);
    expect((await map(layers)).score).toBeCloseTo(product, 6);
    expect((await map(layers, { combine: 'geometric-mean' })).score).toBeCloseTo(Math.cbrt(product), 6);
    const sum = (distance(90) + distance(60) + distance(30)) / 16;
    expect((await map(layers, { combine: 'sum' })).score).toBeCloseTo(sum, 6);
  });

  it('holds each place against what is usual there', async () => {
    const layers = [everywhere(90), everywhere(60), everywhere(90)];
    const usual = (pixel: number) => (pixel === 6 ? 0.25 : 0.5);
    const mean = await map(layers, { combine: 'relative-mean' }, [4, 4, 4], usual);
    expect(mean.map.indexOf(mean.score)).toBe(6);
    expect(mean.score).toBeCloseTo((1 + 0.5 + 1) / 0.25 / 3, 5);
    expect(mean.map[0]).toBeCloseTo((1 + 0.5 + 1) / 0.5 / 3, 5);
    const largest = await map(layers, { combine: 'relative-max' }, [4, 4, 4], usual);
    expect(largest.score).toBeCloseTo(1 / 0.25, 5);
    expect(largest.map[0]).toBeCloseTo(1 / 0.5, 5);
  });

  it('has the size asked for, whatever the sizes of the layers', async () => {
    const layers = [everywhere(90), everywhere(90), everywhere(90)];
    const result = await map(layers, { size: [8, 8] }, [8, 4, 2]);
    expect(result.shape).toEqual([1, 8, 8]);
    for (const value of result.map) expect(value).toBeCloseTo(1, 6);
  });

  it('peaks where the student is off, and its peak is the score', async () => {
    const off = (pixel: number) => (pixel === 6 ? 90 : 10);
    const { map: values, score: peak } = await map([off, off, off]);
    expect(values.indexOf(Math.max(...values))).toBe(6);
    expect(peak).toBeCloseTo(1, 6);
  });

  it('keeps its sum and its even parts when it is blurred', async () => {
    const even = await map([everywhere(60), everywhere(60), everywhere(60)], { blur: 1 });
    for (const value of even.map) expect(value).toBeCloseTo(0.125, 6);
    const off = (pixel: number) => (pixel === 27 ? 90 : 0);
    const spot = await map([off, off, off], { blur: 0.5, size: [8, 8] }, [8, 8, 8]);
    expect(spot.map.reduce((a, b) => a + b)).toBeCloseTo(1, 5);
    expect(spot.score).toBeLessThan(0.7);
    expect(spot.map.indexOf(spot.score)).toBe(27);
  });
});
