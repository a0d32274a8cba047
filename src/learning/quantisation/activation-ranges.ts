import type { Graph } from '../../method/engine/onnx/graph.js';
import { activations, type Range } from '../../method/engine/onnx/quantise.js';
import { Session } from '../../method/engine/onnx/runtime.js';

/** Bins of a histogram, and the parts of the whole range that are tried. */
const BINS = 2048;
/** Defects may lie farther off than those that were pasted. */
const HEADROOM = 1.5;
const PARTS = Array.from({ length: 40 }, (_, i) => 1 - i / 50);

/**
 * For each activation that `quantise` turns to bytes, the range that loses least: what bytes round away, and what is
 * cut off, together (mean squared error, from a histogram over all frames); and the mean of each of its channels.
 *
 * @param graph a detector, traced
 * @param frames uint8 RGB, one array a picture, at the detector's size
 * @throws KdadError ENGINE_FAILED
 */
export async function activationRanges(
  graph: Graph,
  frames: readonly Uint8Array[],
  threads?: number,
): Promise<Map<string, Range>> {
  const edges = new Map(activations(graph).map((edge) => [edge.name, edge]));
  const session = await Session.open(graph.encode({ symbolicBatch: true, outputs: edges }), { threads });
  const shape = [1, ...graph.inputs[0].shape.slice(1)];
  const observe = async (note: (name: string, values: Float32Array, shape: readonly number[]) => void) => {
    for (const data of frames) {
      const results = await session.run({ frames: { data, shape } });
      for (const [name, result] of Object.entries(results)) note(name, result.data as Float32Array, result.shape);
    }
  };
  try {
    const whole = new Map<string, Range>();
    const means = new Map<string, Float32Array>();
    await observe((name, values, dimensions) => {
      whole.set(name, extended(whole.get(name), values));
      means.set(name, withMeans(means.get(name), values, dimensions, frames.length));
    });
    const histograms = new Map([...whole].map(([name, range]) => [name, new Histogram(range)]));
    await observe((name, values) => histograms.get(name)?.add(values));
    const least = new Set(
      graph.nodes.filter(({ operator }) => operator === 'ReduceMin').map((node) => node.outputs[0].name),
    );
    return new Map(
      [...histograms].map(([name, histogram]) => [
        name,
        { ...(least.has(name) ? widened(whole.get(name)) : histogram.bestRange()), means: means.get(name) },
      ]),
    );
  } finally {
    await session.close();
  }
}

function extended(range: Range = { low: 0, high: 0 }, values: Float32Array): Range {
  let { low, high } = range;
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  return { low, high };
}

/**
 * The channels' means so far and a frame's part in them.
 * @param values of one frame: views (tiles, or one) x channels x height x width
 */
function withMeans(
  before: Float32Array | undefined,
  values: Float32Array,
  [views, channels]: readonly number[],
  frames: number,
): Float32Array {
  const means = before ?? new Float32Array(channels);
  const planes = views * channels;
  const area = values.length / planes;
  for (let plane = 0; plane < planes; plane++) {
    let sum = 0;
    for (let i = plane * area; i < (plane + 1) * area; i++) sum += values[i];
    means[plane % channels] += sum / area / views / frames;
  }
  return means;
}

/** Distances to the nearest prototype: nothing is cut off, since the largest are what is looked for. */
const widened = ({ low, high }: Range = { low: 0, high: 0 }): Range => ({ low, high: HEADROOM * high });

class Histogram {
  readonly #counts = new Float64Array(BINS);
  readonly #range: Range;
  readonly #width: number;

  constructor(range: Range) {
    this.#range = range;
    this.#width = (range.high - range.low) / BINS || 1;
  }

  add(values: Float32Array): void {
    const { low } = this.#range;
    for (const value of values) this.#counts[Math.min(BINS - 1, Math.floor((value - low) / this.#width))]++;
  }

  bestRange(): Range {
    const { low, high } = this.#range;
    const ranges = PARTS.map((part) => ({ low: part * low, high: part * high }));
    return ranges.reduce((best, range) => (this.#error(range) < this.#error(best) ? range : best));
  }

  /**
   * The squared error of bytes over this range: a step's twelfth, squared, within; the whole distance, squared,
   * outside.
   */
  #error({ low, high }: Range): number {
    const rounding = ((high - low) / 255) ** 2 / 12;
    return this.#counts.reduce((sum, count, bin) => {
      const value = this.#range.low + (bin + 0.5) * this.#width;
      const outside = Math.max(0, low - value, value - high);
      return sum + count * Math.max(rounding, outside ** 2);
    }, 0);
  }
}
