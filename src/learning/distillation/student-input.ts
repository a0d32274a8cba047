import { join } from '../../common/join.js';
import type { TensorData, TensorSpec } from '../../method/engine/engine.js';
import {
  backbone,
  body,
  bodyConvolutions,
  type Convolution,
  convolutions,
  type Network,
  stemMap,
} from '../../method/model/backbone.js';
import { type Normalisation, normaliseFrames } from '../../method/model/detector.js';
import { type Tensor, type Tensor4D, transpose } from '../../method/tensorflow.js';
import type { Features } from './feature-maps.js';

/** What a student is made of and reads, in training and validation. */
export interface StudentInput {
  readonly convolutions: readonly Convolution[];
  specs(batch: number, size: readonly [number, number]): Record<string, TensorSpec>;
  /** @param frames uint8 RGB, one array an image; `features` are the teacher's of the same images */
  data(frames: readonly Uint8Array[], features: readonly Features[]): Record<string, TensorData>;
  /** What the network reads, from the program's inputs. */
  prepare(inputs: Readonly<Record<string, Tensor>>): Tensor4D;
  /** @returns the student's feature maps */
  readonly network: Network;
}

/** A student from pictures on. */
export const wholeStudent = (normalisation: Normalisation): StudentInput => ({
  convolutions,
  specs: (batch, size) => ({ frames: { shape: [batch, ...size, 3], type: 'uint8' } }),
  data: (frames) => ({ frames: join(frames) }),
  prepare: ({ frames }) => normaliseFrames(frames, normalisation),
  network: backbone,
});

/** A student without a stem, which goes on from what the teacher's stem makes of the pictures. */
export const studentOnStem: StudentInput = {
  convolutions: bodyConvolutions,
  specs: (batch, [height, width]) => {
    const { channels, stride } = stemMap;
    return { stem: { shape: [batch, channels, height / stride, width / stride], type: 'float32' } };
  },
  data: (_, features) => ({ stem: join(features.map(({ stem }) => stem as Float32Array)) }),
  prepare: ({ stem }) => transpose(stem as Tensor4D, [0, 2, 3, 1]),
  network: body,
};
