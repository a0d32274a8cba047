import type { Engine } from '../../method/engine/engine.js';
import { matMul, min, minimum, type Tensor2D } from '../../method/tensorflow.js';

/** Points chosen before all distances are brought up to date: one pass over the points for so many. */
const BLOCK = 32;
/** So many of the farthest points are looked at for each that is chosen. */
const POOL = 4;

/** Points of the same number of dimensions, one after the other. */
export interface Points {
  readonly data: Float32Array;
  readonly dimensions: number;
}

/**
 * Chooses points so that none is far from all chosen ones: greedy k-centre (Gonzalez 1985,
 * https://doi.org/10.1016/0304-3975(85)90224-5), each next one the farthest from those before. In blocks: of the
 * farthest points, some are chosen greedily among themselves, then the distances of all points are brought up to date
 * at once, as a product of matrices.
 *
 * @param count how many; all points where there are no more
 * @param first the point to begin with
 * @returns their numbers, in the order of choice
 */
export async function kCentre(engine: Engine, points: Points, count: number, first = 0): Promise<number[]> {
  const { data, dimensions } = points;
  const total = data.length / dimensions;
  if (total <= count) return Array.from({ length: total }, (_, i) => i);
  const update = await compile(engine, points, total);
  const nearest = new Float32Array(total).fill(Number.MAX_VALUE);
  const chosen: number[] = [];
  let block = [first];
  try {
    for (;;) {
      chosen.push(...block);
      if (chosen.length === count) return chosen;
      // A block that is not full repeats its last point, which changes nothing.
      const centres = Array.from({ length: BLOCK }, (_, i) => block[Math.min(i, block.length - 1)]);
      const { distances } = await update.run({ nearest, centres: columns(points, centres) });
      nearest.set(distances.data);
      block = greedy(points, nearest, Math.min(BLOCK, count - chosen.length));
    }
  } finally {
    await update.dispose();
  }
}

/** Squared distances as one product: [-2 x, |x|^2, 1] times [c, 1, |c|^2]. */
function compile(engine: Engine, { data, dimensions }: Points, total: number) {
  const rows = new Float32Array(total * (dimensions + 2));
  for (let i = 0; i < total; i++) {
    const row = rows.subarray(i * (dimensions + 2), (i + 1) * (dimensions + 2));
    let square = 0;
    for (let d = 0; d < dimensions; d++) {
      const value = data[i * dimensions + d];
      row[d] = -2 * value;
      square += value * value;
    }
    row[dimensions] = square;
    row[dimensions + 1] = 1;
  }
  return engine.compile(
    ({ points, centres, nearest }) => ({
      distances: minimum(nearest, min(matMul(points as Tensor2D, centres as Tensor2D), 1)),
    }),
    {
      points: { shape: [total, dimensions + 2], type: 'float32', value: rows },
      centres: { shape: [dimensions + 2, BLOCK], type: 'float32' },
      nearest: { shape: [total], type: 'float32' },
    },
  );
}

/** The centres as columns, with what `compile` multiplies. */
function columns({ data, dimensions }: Points, centres: readonly number[]): Float32Array {
  const result = new Float32Array((dimensions + 2) * centres.length);
  for (const [column, centre] of centres.entries()) {
    let square = 0;
    for (let d = 0; d < dimensions; d++) {
      const value = data[centre * dimensions + d];
      result[d * centres.length + column] = value;
      square += value * value;
    }
    result[dimensions * centres.length + column] = 1;
    result[(dimensions + 1) * centres.length + column] = square;
  }
  return result;
}

/** The next points: the farthest, then the farthest from that one too, and so on, among those that are far now. */
function greedy(points: Points, nearest: Float32Array, count: number): number[] {
  const pool = farthest(nearest, POOL * count);
  const distances = pool.map((i) => nearest[i]);
  const chosen: number[] = [];
  while (chosen.length < count) {
    const best = distances.reduce((most, distance, i) => (distance > distances[most] ? i : most), 0);
    chosen.push(pool[best]);
    for (const [i, other] of pool.entries()) {
      distances[i] = Math.min(distances[i], between(points, pool[best], other));
    }
    distances[best] = Number.NEGATIVE_INFINITY;
  }
  return chosen;
}

/** The numbers of the largest values. */
function farthest(values: Float32Array, count: number): number[] {
  const limit = values.slice().sort()[Math.max(0, values.length - count)];
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) if (values[i] >= limit) found.push(i);
  return found.sort((a, b) => values[b] - values[a] || a - b).slice(0, count);
}

function between({ data, dimensions }: Points, a: number, b: number): number {
  let square = 0;
  for (let d = 0; d < dimensions; d++) square += (data[a * dimensions + d] - data[b * dimensions + d]) ** 2;
  return square;
}
