import { batchNorm, cast, type Tensor, type Tensor1D, type Tensor3D, type Tensor4D, tensor1d } from '../tensorflow.js';
import { anomalyMap, type MapOptions, score } from './anomaly-map.js';
import { body, stem } from './backbone.js';
import { frozen } from './convolution.js';
import { sharesStem } from './parameters.js';

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

/**
 * The detector: teacher, student, anomaly map and score as one function of uint8 frames.
 * @param teacher folded weights of the teacher
 * @param student folded weights of the student
 * @param usual see `anomalyMap`
 * @returns the maps (batch x height x width) and the scores (batch)
 */
export function detect(
  frames: Tensor,
  teacher: Tensors,
  student: Tensors,
  options: { normalisation: Normalisation; map: MapOptions },
  usual: readonly Tensor4D[] = [],
): { map: Tensor3D; score: Tensor1D } {
  const images = normaliseFrames(frames, options.normalisation);
  const { students, teachers } = bothFeatureMaps(images, { teacher, student });
  const map = anomalyMap(students, teachers, options.map, usual);
  return { map, score: score(map) };
}
