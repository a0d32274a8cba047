import { describe, expect, it } from 'vitest';
import { scoreOf } from '../../../src/method/detector/scoring.js';
import { OnnxEngine } from '../../../src/method/engine/onnx/onnx-engine.js';
import { score } from '../../../src/method/model/anomaly-map.js';
import { nearest, patches } from '../../../src/method/model/memory.js';
import { reshape, type Tensor, type Tensor3D, type Tensor4D } from '../../../src/method/tensorflow.js';
import { numbers } from '../../fixtures/numbers.js';

const engine = new OnnxEngine({ threads: 1 });

async function run(
  program: (x: Tensor4D) => Record<string, Tensor>,
  shape: number[],
  data: Float32Array,
  constants: Record<string, { shape: number[]; data: Float32Array }> = {},
) {
  const specs = Object.entries(constants).map(([name, one]) => [
    name,
    { shape: one.shape, type: 'float32' as const, value: one.data },
  ]);
  const executable = await engine.compile(({ x }) => program(x as Tensor4D), {
    x: { shape, type: 'float32' },
    ...Object.fromEntries(specs),
  });
  const results = await executable.run({ x: data });
  await executable.dispose();
  return results;
}

const positive = (count: number) => Float32Array.from(numbers(count), Math.abs);

describe('the memory', () => {
  it('sees patches of length 1 on a grid of an eighth of the input for layer1 and layer2, of a sixteenth for layer3', async () => {
    const shapes = [
      [1, 16, 24, 64],
      [1, 8, 12, 128],
      [1, 4, 6, 256],
    ];
    for (const [layer, shape] of shapes.entries()) {
      const all = (x: Tensor4D) => shapes.map((_, i) => (i === layer ? x : x)) as Tensor4D[];
      const { patch } = await run(
        (x) => ({ patch: patches(all(x))[layer] }),
        shape,
        positive(shape.reduce((a, b) => a * b)),
      );
      expect(patch.shape).toEqual([1, ...(layer === 2 ? [4, 6] : [8, 12]), shape[3]]);
      const length = Math.hypot(...(patch.data.slice(0, shape[3]) as Float32Array));
      expect(length).toBeCloseTo(1, 4);
    }
  });

  it('finds the nearest prototype', async () => {
    const [channels, count, cells] = [8, 30, 12];
    const unit = (vectors: Float32Array) => {
      for (let i = 0; i < vectors.length; i += channels) {
        const length = Math.hypot(...vectors.subarray(i, i + channels));
        for (let c = 0; c < channels; c++) vectors[i + c] /= length;
      }
      return vectors;
    };
    const prototypes = unit(positive(count * channels));
    const x = unit(Float32Array.from(numbers(cells * channels), (value) => Math.abs(Math.sin(9 * value))));
    const constants = {
      filter: { shape: [count, channels, 1, 1], data: prototypes.map((value) => -2 * value) },
      bias: { shape: [count], data: new Float32Array(count).fill(2) },
    };
    const executable = await engine.compile(
      (inputs) => ({ distance: nearest(inputs.x as Tensor4D, { filter: inputs.filter, bias: inputs.bias }) }),
      {
        x: { shape: [1, 3, 4, channels], type: 'float32' },
        filter: { shape: constants.filter.shape, type: 'float32', value: constants.filter.data },
        bias: { shape: [count], type: 'float32', value: constants.bias.data },
      },
    );
    const { distance } = await executable.run({ x });
    await executable.dispose();
    for (let cell = 0; cell < cells; cell++) {
      const distances = Array.from({ length: count }, (_, i) => {
        let sum = 0;
        for (let c = 0; c < channels; c++) sum += (x[cell * channels + c] - prototypes[i * channels + c]) ** 2;
        return sum;
      });
      expect(distance.data[cell]).toBeCloseTo(Math.min(...distances), 4);
    }
  });
});

describe('a score', () => {
  it('is the mean of the largest fiftieth of the map, or that less three quarters of the mean of all, in the graph as elsewhere', async () => {
    const values = Float32Array.from(numbers(2 * 10 * 20));
    const { top, above, capped, most } = await run(
      (x) => {
        const map = reshape(x, [2, 10, 20]) as Tensor3D;
        return {
          top: score(map, { by: 'top2%' }),
          above: score(map, { by: 'top2%-mean' }),
          capped: score(map, { by: 'top2%-mean', background: -0.1 }),
          most: score(map, { by: 'max' }),
        };
      },
      [2, 10, 20, 1],
      values,
    );
    for (const i of [0, 1]) {
      const own = values.slice(i * 200, (i + 1) * 200);
      expect(top.data[i]).toBeCloseTo(scoreOf(own, { by: 'top2%' }), 5);
      expect(above.data[i]).toBeCloseTo(scoreOf(own, { by: 'top2%-mean' }), 5);
      expect(scoreOf(own, { by: 'top2%-mean' })).toBeCloseTo(
        scoreOf(own, { by: 'top2%' }) - (0.75 * own.reduce((a, b) => a + b)) / 200,
        5,
      );
      // These numbers have a mean above -0.1.
      expect(capped.data[i]).toBeCloseTo(scoreOf(own, { by: 'top2%' }) + 0.75 * 0.1, 5);
      expect(capped.data[i]).toBeCloseTo(scoreOf(own, { by: 'top2%-mean', background: -0.1 }), 5);
      expect(most.data[i]).toBeCloseTo(scoreOf(own, { by: 'max' }), 5);
      expect(scoreOf(own, { by: 'top2%' })).toBeCloseTo(
        [...own]
          .sort((a, b) => b - a)
          .slice(0, 4)
          .reduce((a, b) => a + b) / 4,
        5,
      );
    }
    expect(scoreOf(Float32Array.of(1, Number.NaN, 2), { by: 'top2%' })).toBeNaN();
  });
});
