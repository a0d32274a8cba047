import { join } from '../../common/join.js';
import type { TensorSpec } from '../../method/engine/engine.js';
import { featureMaps } from '../../method/model/backbone.js';
import { type Tensor, type Tensor4D, transpose } from '../../method/tensorflow.js';

/**
 * What the teacher makes of one image, each map row-major channels x height x width: the order in which the graph holds
 * them, so that keeping them moves nothing.
 */
export interface Features {
  /** The normalised feature maps of layer1 to layer3. */
  readonly layers: readonly Float32Array[];
  /** What its stem makes, for students that go on from there. */
  readonly stem?: Float32Array;
}

const names = featureMaps.map((_, layer) => `target${layer + 1}`);

/** The teacher's feature maps of a batch, as inputs of a program: shapes, data, and the tensors (NHWC) again. */
export const targets = {
  specs(batch: number, [height, width]: readonly [number, number]): Record<string, TensorSpec> {
    const specs = featureMaps.map(({ channels, stride }, layer) => {
      const shape = [batch, channels, height / stride, width / stride];
      return [names[layer], { shape, type: 'float32' }] as const;
    });
    return Object.fromEntries(specs);
  },

  data(features: readonly Features[]): Record<string, Float32Array> {
    return Object.fromEntries(names.map((name, layer) => [name, join(features.map(({ layers }) => layers[layer]))]));
  },

  from(inputs: Readonly<Record<string, Tensor>>): Tensor4D[] {
    return names.map((name) => transpose(inputs[name] as Tensor4D, [0, 2, 3, 1]));
  },
};
