import type { TensorSpec } from '../engine/engine.js';
import { featureMaps } from '../model/backbone.js';
import type { Tensor, Tensor4D } from '../tensorflow.js';
import { join } from './join.js';

/** The teacher's three normalised feature maps of one image, each row-major height x width x channels. */
export type Features = readonly Float32Array[];

const names = featureMaps.map((_, layer) => `target${layer + 1}`);

/** The teacher's feature maps of a batch, as inputs of a program: names, shapes, data, and the tensors again. */
export const targets = {
  specs(batch: number, [height, width]: readonly [number, number]): Record<string, TensorSpec> {
    const specs = featureMaps.map(({ channels, stride }, layer) => {
      const shape = [batch, height / stride, width / stride, channels];
      return [names[layer], { shape, type: 'float32' }] as const;
    });
    return Object.fromEntries(specs);
  },

  data(features: readonly Features[]): Record<string, Float32Array> {
    return Object.fromEntries(names.map((name, layer) => [name, join(features.map((maps) => maps[layer]))]));
  },

  from(inputs: Readonly<Record<string, Tensor>>): Tensor4D[] {
    return names.map((name) => inputs[name] as Tensor4D);
  },
};
