import type { Preprocessing } from '../data/preprocessing.js';
import type { Engine, TensorSpec } from '../engine/engine.js';
import { backbone, featureMaps } from '../model/backbone.js';
import { frozen } from '../model/convolution.js';
import { normaliseFrames } from '../model/detector.js';
import { featureDistance } from '../model/distillation.js';
import type { Weights } from '../model/safetensors.js';
import { squeeze, sum, type Tensor } from '../tensorflow.js';
import { join } from './join.js';
import { PerBatchSize } from './per-batch-size.js';

const BATCH = 8;

/** The standard deviation, in pixels of the input, over which neighbouring places share what is usual: parts move a little. */
const REACH = 8;

/** What is usual is nowhere less than this share of the layer's mean: a place that never deviates must not weigh without limit. */
const LEAST = 0.5;

export interface UsualDistanceOptions {
  readonly engine: Engine;
  /** Folded weights. */
  readonly teacher: Weights;
  readonly student: Weights;
  /** Good images, uint8 RGB. */
  readonly frames: readonly Uint8Array[];
  readonly preprocessing: Preprocessing;
}

/**
 * How far apart student and teacher usually are at each place of each layer on good images: high where the product varies (edges
 * that move, a label that is turned), low where it never does. An anomaly is what is far apart for its place.
 *
 * @returns `layer1` to `layer3`, height x width of the feature map
 */
export async function usualDistances(options: UsualDistanceOptions): Promise<Weights> {
  const { frames } = options;
  const programs = new PerBatchSize((batch) => compile(options, batch));
  const sums: Record<string, { shape: readonly number[]; data: Float32Array }> = {};
  try {
    for (let start = 0; start < frames.length; start += BATCH) {
      const batch = frames.slice(start, start + BATCH);
      const program = await programs.get(batch.length);
      const results = await program.run({ frames: join(batch) });
      for (const [layer, { shape, data }] of Object.entries(results)) {
        sums[layer] ??= { shape, data: new Float32Array(data.length) };
        for (let i = 0; i < data.length; i++) sums[layer].data[i] += data[i] / frames.length;
      }
    }
  } finally {
    await programs.dispose();
  }
  const layers = featureMaps.map(({ stride }, i) => {
    const name = `layer${i + 1}`;
    const { shape, data } = sums[name];
    return [name, { shape, data: evened(data, shape as [number, number], REACH / stride) }];
  });
  return Object.fromEntries(layers);
}

function compile({ engine, teacher, student, preprocessing }: UsualDistanceOptions, batch: number) {
  const inputs: Record<string, TensorSpec> = {
    frames: { shape: [batch, ...preprocessing.size, 3], type: 'uint8' },
  };
  for (const [network, weights] of Object.entries({ teacher, student })) {
    for (const [name, { shape, data }] of Object.entries(weights)) {
      inputs[`${network}/${name}`] = { shape, type: 'float32', value: data };
    }
  }
  return engine.compile(({ frames, ...constants }) => {
    const images = normaliseFrames(frames, preprocessing);
    const [students, teachers] = ['student/', 'teacher/'].map((prefix) => {
      const own = Object.entries(constants).filter(([name]) => name.startsWith(prefix));
      return backbone(
        images,
        frozen(Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]))),
      );
    });
    const distances = students.map((map, layer) => sum(featureDistance(map, teachers[layer]), 0));
    return Object.fromEntries(
      distances.map((distance, i): [string, Tensor] => [`layer${i + 1}`, squeeze(distance, [2])]),
    );
  }, inputs);
}

/** Blurred (Gaussian, by the weights that lie inside), and lifted to the least that counts as usual. */
function evened(data: Float32Array, [height, width]: readonly [number, number], sigma: number): Float32Array {
  const mean = data.reduce((total, value) => total + value, 0) / data.length;
  const rows = blurLines(data, height, width, [width, 1], sigma);
  const both = blurLines(rows, width, height, [1, width], sigma);
  return both.map((value) => value + LEAST * mean);
}

/** Blurs `lines` lines of `length` values; a step leads from one to the next line, and from one value to the next. */
function blurLines(
  data: Float32Array,
  lines: number,
  length: number,
  [lineStep, step]: readonly [number, number],
  sigma: number,
): Float32Array {
  const radius = Math.ceil(3 * sigma);
  const blurred = new Float32Array(data.length);
  for (let line = 0; line < lines; line++) {
    for (let place = 0; place < length; place++) {
      let [total, weights] = [0, 0];
      for (let other = Math.max(0, place - radius); other <= Math.min(length - 1, place + radius); other++) {
        const weight = Math.exp(-0.5 * ((other - place) / sigma) ** 2);
        total += weight * data[line * lineStep + other * step];
        weights += weight;
      }
      blurred[line * lineStep + place * step] = total / weights;
    }
  }
  return blurred;
}
