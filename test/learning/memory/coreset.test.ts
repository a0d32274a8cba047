import { describe, expect, it } from 'vitest';
import { randomFrom } from '../../../src/common/random.js';
import { kCentre } from '../../../src/learning/memory/coreset.js';
import { OnnxEngine } from '../../../src/method/engine/onnx/onnx-engine.js';

const engine = new OnnxEngine({ threads: 1 });
const dimensions = 5;

/** Clusters of many alike points, and some that lie alone. */
function points(count: number): Float32Array {
  const random = randomFrom(3);
  const data = new Float32Array(count * dimensions);
  for (let i = 0; i < count; i++) {
    const spread = i % 50 === 0 ? 10 : 0.5;
    for (let d = 0; d < dimensions; d++) data[i * dimensions + d] = (i % 7) + spread * random();
  }
  return data;
}

/** The largest distance of any point to the nearest chosen one. */
function radius(data: Float32Array, chosen: readonly number[]): number {
  let worst = 0;
  for (let i = 0; i < data.length / dimensions; i++) {
    let nearest = Number.POSITIVE_INFINITY;
    for (const centre of chosen) {
      let square = 0;
      for (let d = 0; d < dimensions; d++) square += (data[i * dimensions + d] - data[centre * dimensions + d]) ** 2;
      nearest = Math.min(nearest, square);
    }
    worst = Math.max(worst, nearest);
  }
  return Math.sqrt(worst);
}

/** One after the other. */
function greedy(data: Float32Array, count: number, first: number): number[] {
  const total = data.length / dimensions;
  const nearest = new Float64Array(total).fill(Number.POSITIVE_INFINITY);
  const chosen = [first];
  while (chosen.length < count) {
    const centre = chosen[chosen.length - 1];
    let farthest = 0;
    for (let i = 0; i < total; i++) {
      let square = 0;
      for (let d = 0; d < dimensions; d++) square += (data[i * dimensions + d] - data[centre * dimensions + d]) ** 2;
      nearest[i] = Math.min(nearest[i], square);
      if (nearest[i] > nearest[farthest]) farthest = i;
    }
    chosen.push(farthest);
  }
  return chosen;
}

describe('the choice of prototypes', () => {
  it('leaves no point far from all, nearly as well as one after the other', async () => {
    const data = points(3000);
    const chosen = await kCentre(engine, { data, dimensions }, 200, 11);
    expect(chosen[0]).toBe(11);
    expect(new Set(chosen).size).toBe(200);
    expect(radius(data, chosen)).toBeLessThan(1.15 * radius(data, greedy(data, 200, 11)));
  });

  it('takes all points where there are no more than wanted', async () => {
    expect(await kCentre(engine, { data: points(9), dimensions }, 20)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });
});
