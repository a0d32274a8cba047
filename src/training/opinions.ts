import type { Preprocessing } from '../data/preprocessing.js';
import { framesAtOnce, tileCount } from '../data/tiles.js';
import { type DetectorWeights, opinionProgram } from '../detector/program.js';
import { scoreOf } from '../detector/scoring.js';
import type { Engine } from '../engine/engine.js';
import { PerBatchSize } from '../engine/per-batch-size.js';
import type { DetectorOptions } from '../model/detector.js';
import type { Scoring } from '../model/scoring.js';
import { join } from './join.js';

const BATCH = 4;

export interface OpinionOptions {
  readonly engine: Engine;
  /** With a memory whose `weights` do not matter. */
  readonly weights: DetectorWeights;
  readonly options: DetectorOptions & { readonly scoring: Scoring };
  readonly preprocessing: Preprocessing;
  /** Good images that neither memory nor student has learned from. */
  readonly frames: readonly Uint8Array[];
  /** What the student weighs beside the memory's rest to 1, in standard deviations of their scores. */
  readonly studentWeight: number;
}

/**
 * What each layer of the memory and the student weigh in the detector's map. A layer's distances are divided by their mean on held-out good images, and the
 * layers added up; then memory and student are each brought to a scale on which their scores of those images have a standard deviation of 1, and
 * mixed; last, the mean score becomes 1.
 *
 * @returns one weight a layer of the memory, and the student's where there is one
 */
export async function weighOpinions(options: OpinionOptions): Promise<Float32Array> {
  const { weights, studentWeight } = options;
  const { scoring } = options.options;
  const tiles = tileCount(options.preprocessing.tiles);
  const images = await opinionsOf(options);
  const layers = weights.student ? images[0].length - 1 : images[0].length;
  const shares = Array.from({ length: layers }, (_, layer) => {
    const mean = average(images.map((maps) => average(maps[layer])));
    return 1 / Math.max(mean, Number.MIN_VALUE);
  });
  const memory = images.map((maps) => scoreOf(weighted(maps.slice(0, layers), shares), scoring, tiles));
  const student = weights.student ? images.map((maps) => scoreOf(maps[layers], scoring, tiles)) : undefined;
  const mixed = student
    ? [...shares.map((share) => ((1 - studentWeight) * share) / spread(memory)), studentWeight / spread(student)]
    : shares;
  const level = average(images.map((maps) => scoreOf(weighted(maps, mixed), scoring, tiles)));
  return Float32Array.from(mixed, (weight) => weight / level);
}

/** Of every image its maps: the memory's layers, then the student's. */
async function opinionsOf({
  engine,
  weights,
  options,
  preprocessing,
  frames,
}: OpinionOptions): Promise<Float32Array[][]> {
  const images: Float32Array[][] = [];
  const atOnce = framesAtOnce(BATCH, preprocessing.tiles);
  const programs = new PerBatchSize((batch) => {
    const { program, inputs } = opinionProgram(weights, options, [batch, ...preprocessing.size]);
    return engine.compile(program, inputs);
  });
  try {
    for (let start = 0; start < frames.length; start += atOnce) {
      const batch = frames.slice(start, start + atOnce);
      const program = await programs.get(batch.length);
      const results = await program.run({ frames: join(batch) });
      for (let i = 0; i < batch.length; i++) {
        const maps = Object.values(results).map(({ data }) => {
          const size = data.length / batch.length;
          return data.slice(i * size, (i + 1) * size) as Float32Array;
        });
        images.push(maps);
      }
    }
  } finally {
    await programs.dispose();
  }
  return images;
}

const weighted = (maps: readonly Float32Array[], weights: readonly number[]): Float32Array =>
  maps[0].map((_, i) => maps.reduce((sum, map, layer) => sum + weights[layer] * map[i], 0));

const average = (values: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += values[i];
  return sum / values.length;
};

/** The standard deviation of scores, never nothing. */
function spread(scores: readonly number[]): number {
  const mean = average(scores);
  const variance = average(scores.map((score) => (score - mean) ** 2));
  return Math.max(Math.sqrt(variance), 1e-3 * Math.abs(mean), Number.MIN_VALUE);
}
