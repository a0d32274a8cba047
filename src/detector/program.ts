import type { Program, TensorSpec } from '../engine/engine.js';
import type { MapOptions } from '../model/anomaly-map.js';
import { detect, type Normalisation } from '../model/detector.js';
import type { Weights } from '../model/safetensors.js';
import { reshape, type Tensor, type Tensor4D } from '../tensorflow.js';

/** What a detector knows, its weights folded. */
export interface DetectorWeights {
  readonly teacher: Weights;
  readonly student: Weights;
  /** Each layer's usual distance, height x width by the names of `usualDistances`; for maps that need it. */
  readonly usual?: Weights;
}

export interface DetectorProgram {
  /** From uint8 `frames`, batch x height x width x 3, to `anomaly_map`, batch x height x width, and `score`, batch. */
  readonly program: Program;
  readonly inputs: Record<string, TensorSpec>;
}

/** The detector as a program for batches of one size, with all weights as constants. */
export function detectorProgram(
  { teacher, student, usual = {} }: DetectorWeights,
  options: { readonly normalisation: Normalisation; readonly map: MapOptions },
  [batch, height, width]: readonly [number, number, number],
): DetectorProgram {
  const networks = { teacher, student, usual };
  const inputs: Record<string, TensorSpec> = { frames: { shape: [batch, height, width, 3], type: 'uint8' } };
  for (const [network, weights] of Object.entries(networks)) {
    for (const [name, { shape, data }] of Object.entries(weights)) {
      inputs[`${network}/${name}`] = { shape, type: 'float32', value: data };
    }
  }
  const program: Program = ({ frames, ...constants }) => {
    const weightsOf = (network: keyof typeof networks): Record<string, Tensor> =>
      Object.fromEntries(Object.keys(networks[network]).map((name) => [name, constants[`${network}/${name}`]]));
    const distances = Object.values(weightsOf('usual')).map((layer): Tensor4D => {
      const [layerHeight, layerWidth] = layer.shape;
      return reshape(layer, [1, layerHeight, layerWidth, 1]);
    });
    const { map, score } = detect(frames, weightsOf('teacher'), weightsOf('student'), options, distances);
    return { anomaly_map: map, score };
  };
  return { program, inputs };
}
