import type { Program, TensorSpec, Tensors } from '../engine/engine.js';
import { type DetectorOptions, type DetectorTensors, detect, opinionMaps } from '../model/detector.js';
import type { Weights } from '../model/weights.js';
import { reshape, type Tensor, type Tensor4D } from '../tensorflow.js';

/** What a detector knows; the networks' weights folded. */
export interface DetectorWeights {
  readonly teacher: Weights;
  /** Left out where there is a memory alone. */
  readonly student?: Weights;
  /** Each layer's usual distance, height x width by the names of `usualDistances`; for maps that need it. */
  readonly usual?: Weights;
  /**
   * As `memory.safetensors`: prototypes of `layer1` to `layer3`, prototypes x channels, and `weights`, of these and of
   * the student.
   */
  readonly memory?: Weights;
}

export interface DetectorProgram {
  /** From uint8 `frames`, batch x height x width x 3, to `anomaly_map`, batch x height x width, and `score`, batch. */
  readonly program: Program;
  readonly inputs: Record<string, TensorSpec>;
}

/** The detector as a program for batches of one size, with all weights as constants. */
export function detectorProgram(
  weights: DetectorWeights,
  options: DetectorOptions,
  shape: readonly [number, number, number],
): DetectorProgram {
  return makeProgram(weights, shape, (frames, tensors) => {
    const { map, score } = detect(frames, tensors, options);
    return { anomaly_map: map, score };
  });
}

/** The maps that the detector's map is made of, `opinion0` and so on, each batch x height x width. */
export function opinionProgram(
  weights: DetectorWeights,
  options: DetectorOptions,
  shape: readonly [number, number, number],
): DetectorProgram {
  return makeProgram(weights, shape, (frames, tensors) =>
    Object.fromEntries(
      opinionMaps(frames, tensors, options).map((map, i): [string, Tensor] => [
        `opinion${i}`,
        reshape(map, map.shape.slice(0, 3)),
      ]),
    ),
  );
}

const LAYERS = ['layer1', 'layer2', 'layer3'] as const;

function makeProgram(
  { teacher, student, usual = {}, memory }: DetectorWeights,
  [batch, height, width]: readonly [number, number, number],
  build: (frames: Tensor, tensors: DetectorTensors) => Tensors,
): DetectorProgram {
  const groups: Record<string, Weights> = {
    teacher,
    student: student ?? {},
    usual,
    memory: memory ? remembered(memory) : {},
  };
  const inputs: Record<string, TensorSpec> = { frames: { shape: [batch, height, width, 3], type: 'uint8' } };
  for (const [group, weights] of Object.entries(groups)) {
    for (const [name, { shape, data }] of Object.entries(weights)) {
      inputs[`${group}/${name}`] = { shape, type: 'float32', value: data };
    }
  }
  const program: Program = ({ frames, ...constants }) => {
    const of = (group: string): Record<string, Tensor> =>
      Object.fromEntries(Object.keys(groups[group]).map((name) => [name, constants[`${group}/${name}`]]));
    const distances = Object.values(of('usual')).map((layer): Tensor4D => {
      const [layerHeight, layerWidth] = layer.shape;
      return reshape(layer, [1, layerHeight, layerWidth, 1]);
    });
    const recalled = of('memory');
    return build(frames, {
      teacher: of('teacher'),
      student: student && of('student'),
      usual: distances,
      memory: memory && {
        layers: LAYERS.map((layer) => ({ filter: recalled[`${layer}.filter`], bias: recalled[`${layer}.bias`] })),
        weights: Object.keys(recalled)
          .filter((name) => name.startsWith('weight'))
          .map((name) => recalled[name]),
      },
    });
  };
  return { program, inputs };
}

/**
 * The memory as what its convolutions need, see `Recollection`: computed here, so that the graph holds them as
 * constants.
 */
function remembered(memory: Weights): Weights {
  const made: Record<string, Weights[string]> = {};
  for (const layer of LAYERS) {
    const { shape, data } = memory[layer];
    const [prototypes, channels] = shape;
    const bias = new Float32Array(prototypes);
    for (let i = 0; i < prototypes; i++) {
      const own = data.subarray(i * channels, (i + 1) * channels);
      bias[i] = 1 + own.reduce((sum, value) => sum + value * value, 0);
    }
    made[`${layer}.filter`] = { shape: [prototypes, channels, 1, 1], data: data.map((value) => -2 * value) };
    made[`${layer}.bias`] = { shape: [prototypes], data: bias };
  }
  for (const [i, value] of memory.weights.data.entries()) {
    made[`weight${i}`] = { shape: [], data: Float32Array.of(value) };
  }
  return made;
}
