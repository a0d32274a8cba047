import type { TileGrid } from '../images/tiles.js';
import {
  batchNorm,
  cast,
  expandDims,
  squeeze,
  type Tensor,
  type Tensor1D,
  type Tensor3D,
  type Tensor4D,
  tensor1d,
} from '../tensorflow.js';
import { anomalyMap, type MapOptions, score } from './anomaly-map.js';
import { body, stem } from './backbone.js';
import { frozen } from './convolution.js';
import { featureDistance } from './distillation.js';
import { memoryMap, nearest, patches, type Recollection, weightedSum } from './memory.js';
import { sharesStem } from './parameters.js';
import type { Scoring } from './scoring.js';
import { throughTiles } from './tiles.js';

type Tensors = Readonly<Record<string, Tensor>>;

/** Mean and standard deviation of each channel, for pictures between 0 and 1. */
export interface Normalisation {
  readonly mean: readonly number[];
  readonly std: readonly number[];
}

/** uint8 RGB frames (0 to 255) as the backbone expects them: batch x height x width x 3. */
export function normaliseFrames(frames: Tensor, { mean, std }: Normalisation): Tensor4D {
  const average = tensor1d(mean.map((value) => 255 * value));
  const variance = tensor1d(std.map((value) => (255 * value) ** 2));
  return batchNorm(cast(frames as Tensor4D, 'float32'), average, variance, undefined, undefined, 0) as Tensor4D;
}

/**
 * The feature maps of both networks, folded. A student without a stem of its own goes on from the teacher's.
 * @param images normalised
 */
export function bothFeatureMaps(
  images: Tensor4D,
  { teacher, student }: { readonly teacher: Tensors; readonly student: Tensors },
): { students: Tensor4D[]; teachers: Tensor4D[] } {
  const seen = stem(images, frozen(teacher));
  const own = sharesStem(student) ? seen : stem(images, frozen(student));
  return { students: body(own, frozen(student)), teachers: body(seen, frozen(teacher)) };
}

/** What a detector knows, as tensors; the networks' weights folded. */
export interface DetectorTensors {
  readonly teacher: Tensors;
  /** Left out where there is a memory alone. */
  readonly student?: Tensors;
  /** See `anomalyMap`. */
  readonly usual?: readonly Tensor4D[];
  readonly memory?: {
    readonly layers: readonly Recollection[];
    /** What each layer of the memory, and after them the student, weighs in the map; numbers. */
    readonly weights: readonly Tensor[];
  };
}

export interface DetectorOptions {
  readonly normalisation: Normalisation;
  readonly map: MapOptions;
  readonly scoring?: Scoring;
  /** Where frames are cut into tiles. */
  readonly tiles?: TileGrid;
}

/**
 * The maps that the detector's map is made of, each batch x height x width x 1: one a layer of the memory, and the
 * student's, as far as there are those.
 */
export function opinionMaps(frames: Tensor, tensors: DetectorTensors, options: DetectorOptions): Tensor4D[] {
  const { student, usual, memory } = tensors;
  const distances = throughTiles(frames, options.tiles, (views) => distancesOf(views, tensors, options));
  const remembered = distances.splice(0, memory?.layers.length ?? 0).map((layer) => memoryMap(layer, options.map.size));
  if (!student) return remembered;
  return [...remembered, expandDims<Tensor4D>(anomalyMap(distances, options.map, usual), 3)];
}

/** What each layer is off by, batch x height x width x 1: from the memory first, then from the student. */
function distancesOf(
  frames: Tensor,
  { teacher, student, memory }: DetectorTensors,
  { normalisation }: DetectorOptions,
): Tensor4D[] {
  const images = normaliseFrames(frames, normalisation);
  const seen = stem(images, frozen(teacher));
  const teachers = body(seen, frozen(teacher));
  const remembered = memory ? patches(teachers).map((patch, layer) => nearest(patch, memory.layers[layer])) : [];
  if (!student) return remembered;
  const own = sharesStem(student) ? seen : stem(images, frozen(student));
  return [...remembered, ...body(own, frozen(student)).map((map, layer) => featureDistance(map, teachers[layer]))];
}

/**
 * The detector: teacher, student, memory, anomaly map and score as one function of uint8 frames.
 * @returns the maps (batch x height x width) and the scores (batch)
 */
export function detect(
  frames: Tensor,
  tensors: DetectorTensors,
  options: DetectorOptions,
): { map: Tensor3D; score: Tensor1D } {
  const maps = opinionMaps(frames, tensors, options);
  const whole = tensors.memory ? weightedSum(maps, tensors.memory.weights) : maps[0];
  const map = squeeze<Tensor3D>(whole, [3]);
  const { scoring, tiles } = options;
  return { map, score: score(map, scoring, tiles && tiles.tops.length * tiles.lefts.length) };
}
