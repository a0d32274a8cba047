import { join } from '../../common/join.js';
import type { Engine, TensorSpec } from '../../method/engine/engine.js';
import type { Preprocessing } from '../../method/images/preprocessing.js';
import { backbone, convolutions } from '../../method/model/backbone.js';
import { BATCH_NORM_EPSILON, statistics } from '../../method/model/batch-norm.js';
import { frozen } from '../../method/model/convolution.js';
import { normaliseFrames } from '../../method/model/detector.js';
import type { Weight, Weights } from '../../method/model/weights.js';
import type { Tensor } from '../../method/tensorflow.js';

/**
 * A student that begins as the network that folded weights are. Folding lost the statistics of batch normalisation,
 * which training needs: they are measured anew on `frames`, and scale and shift are chosen so that the network computes
 * what it did.
 *
 * @param folded one weight and one bias a convolution
 * @param frames uint8 RGB, one array an image
 */
export async function studentFromFolded(
  engine: Engine,
  folded: Weights,
  frames: readonly Uint8Array[],
  { size, ...normalisation }: Preprocessing,
): Promise<Weights> {
  const inputs: Record<string, TensorSpec> = { frames: { shape: [frames.length, ...size, 3], type: 'uint8' } };
  for (const [name, { shape, data }] of Object.entries(folded)) inputs[name] = { shape, type: 'float32', value: data };
  const program = await engine.compile(({ frames: images, ...weights }) => {
    const observed: Record<string, Tensor> = {};
    backbone(normaliseFrames(images, normalisation), (x, convolution) => {
      const y = frozen(weights)(x, convolution);
      const { mean, variance } = statistics(y);
      observed[`${convolution.name}.mean`] = mean;
      observed[`${convolution.name}.variance`] = variance;
      return y;
    });
    return observed;
  }, inputs);
  const observed = await program.run({ frames: join(frames) });
  await program.dispose();
  const student: Record<string, Weight> = {};
  for (const { name, batchNorm } of convolutions) {
    const [mean, variance] = ['mean', 'variance'].map((key) => observed[`${name}.${key}`].data as Float32Array);
    const bias = folded[`${name}.bias`].data;
    const perChannel = (data: Float32Array): Weight => ({ shape: [data.length], data });
    student[`${name}.weight`] = folded[`${name}.weight`];
    student[`${batchNorm}.weight`] = perChannel(variance.map((value) => Math.sqrt(value + BATCH_NORM_EPSILON)));
    student[`${batchNorm}.bias`] = perChannel(mean.slice());
    student[`${batchNorm}.running_mean`] = perChannel(mean.map((value, channel) => value - bias[channel]));
    student[`${batchNorm}.running_var`] = perChannel(variance.slice());
  }
  return student;
}
