import { evenly } from '../../common/evenly.js';
import { join } from '../../common/join.js';
import type { Engine, TensorSpec } from '../../method/engine/engine.js';
import { PerBatchSize } from '../../method/engine/per-batch-size.js';
import type { Preprocessing } from '../../method/images/preprocessing.js';
import { framesAtOnce, tileGrid } from '../../method/images/tiles.js';
import { featureMaps } from '../../method/model/backbone.js';
import { bothFeatureMaps, normaliseFrames } from '../../method/model/detector.js';
import { featureDistance } from '../../method/model/distillation.js';
import { throughTiles } from '../../method/model/tiles.js';
import type { Weights } from '../../method/model/weights.js';
import { squeeze, type Tensor } from '../../method/tensorflow.js';

const BATCH = 8;

/**
 * The standard deviation, in pixels of the input, over which neighbouring places share what is usual: parts move a
 * little.
 */
const REACH = 8;

/**
 * What is usual is nowhere less than this share of the layer's mean: a place that never deviates must not weigh without
 * limit.
 */
const LEAST = 0.5;

/** Of all places of good images, the part that lies below what is usual. */
const QUANTILE = 0.95;

/** More images say no more, and take memory. */
const MOST_IMAGES = 512;

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
 * How far apart student and teacher are at most at each place of each layer, on nineteen of twenty places of good
 * images: high where the product varies (edges that move, a label that is turned), low where it never does. An anomaly
 * is what is further apart than that.
 *
 * It is the mean distance at the place, evened over its neighbours, times what makes the quotient of distance and it
 * stay below 1 at 95 % of all places: so that no layer speaks louder than another (as the quantiles of EfficientAD,
 * https://arxiv.org/abs/2303.14535).
 *
 * @returns `layer1` to `layer3`, height x width of the feature map
 */
export async function usualDistances(options: UsualDistanceOptions): Promise<Weights> {
  const distances = await distancesOf({ ...options, frames: evenly(options.frames, MOST_IMAGES) });
  const layers = featureMaps.map(({ stride }, i) => {
    const name = `layer${i + 1}`;
    const { shape, images } = distances[name];
    const usual = evened(meanOf(images), shape, REACH / stride);
    const reach = quantileOf(images, usual);
    return [name, { shape, data: usual.map((value) => value * reach) }];
  });
  return Object.fromEntries(layers);
}

type Distances = Record<string, { readonly shape: readonly [number, number]; readonly images: Float32Array[] }>;

/** Every image's distances by layer. */
async function distancesOf(options: UsualDistanceOptions): Promise<Distances> {
  const { frames, preprocessing } = options;
  const atOnce = framesAtOnce(BATCH, preprocessing.tiles);
  const programs = new PerBatchSize((batch) => compile(options, batch));
  const distances: Distances = {};
  try {
    for (let start = 0; start < frames.length; start += atOnce) {
      const batch = frames.slice(start, start + atOnce);
      const program = await programs.get(batch.length);
      const results = await program.run({ frames: join(batch) });
      for (const [layer, { shape, data }] of Object.entries(results)) {
        const [, height, width] = shape;
        distances[layer] ??= { shape: [height, width], images: [] };
        for (let i = 0; i < batch.length; i++) {
          distances[layer].images.push(data.slice(i * height * width, (i + 1) * height * width) as Float32Array);
        }
      }
    }
  } finally {
    await programs.dispose();
  }
  return distances;
}

function meanOf(images: readonly Float32Array[]): Float32Array {
  const mean = new Float32Array(images[0].length);
  for (const image of images) for (let i = 0; i < mean.length; i++) mean[i] += image[i] / images.length;
  return mean;
}

/** The quantile of distance over usual distance, over all places of all images. */
function quantileOf(images: readonly Float32Array[], usual: Float32Array): number {
  const ratios = new Float32Array(images.length * usual.length);
  for (const [i, image] of images.entries())
    ratios.set(
      image.map((value, place) => value / usual[place]),
      i * usual.length,
    );
  ratios.sort();
  return ratios[Math.floor(QUANTILE * (ratios.length - 1))];
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
    const [studentWeights, teacherWeights] = ['student/', 'teacher/'].map((prefix) => {
      const own = Object.entries(constants).filter(([name]) => name.startsWith(prefix));
      return Object.fromEntries(own.map(([name, value]) => [name.slice(prefix.length), value]));
    });
    const networks = { teacher: teacherWeights, student: studentWeights };
    const distances = throughTiles(frames, tileGrid(preprocessing), (views) => {
      const { students, teachers } = bothFeatureMaps(normaliseFrames(views, preprocessing), networks);
      return students.map((map, layer) => featureDistance(map, teachers[layer]));
    });
    return Object.fromEntries(
      distances.map((distance, i): [string, Tensor] => [`layer${i + 1}`, squeeze(distance, [3])]),
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
