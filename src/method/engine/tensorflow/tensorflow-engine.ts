import type { Engine } from '../engine.js';
import { type Addon, type AddonOptions, loadAddon } from './addon.js';
import { EagerEngine } from './eager-engine.js';
import { completeKernels } from './native-kernels.js';

/** As tfjs-node registers it with TensorFlow.js. */
const BACKEND = 'tensorflow';

export type TensorflowEngine = Engine & Pick<Addon, 'device'>;

let addon: Promise<Addon> | undefined;

/**
 * Programs on TensorFlow's own kernels, by tfjs-node: CUDA where its library has it and finds a GPU, the processor
 * otherwise.
 * @throws KdadError TENSORFLOW_MISSING
 */
export async function openTensorflowEngine(options?: AddonOptions): Promise<TensorflowEngine> {
  addon ??= loadAddon(options).then((loaded) => {
    completeKernels(BACKEND);
    return loaded;
  });
  const { version, device, threads } = await addon;
  return Object.assign(new EagerEngine(BACKEND, { version, threads }), { device });
}
