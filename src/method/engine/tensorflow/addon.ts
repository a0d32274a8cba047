import { createRequire } from 'node:module';
import { join, resolve } from 'node:path';
import { dataFolder, type Environment } from '../../../common/data-folder.js';
import { KdadError } from '../../../common/errors.js';
import { threadsFor } from '../../../common/processor/cores.js';
import { ENV, engine, version_core } from '../../tensorflow.js';

/** TensorFlow as it was found. */
export interface Addon {
  /** Of TensorFlow's library, say `2.21.0`. */
  readonly version: string;
  readonly device: 'cpu' | 'gpu';
  /** Of the processor. */
  readonly threads: number;
}

export interface AddonOptions {
  /**
   * Threads of the processor; TF_NUM_INTRAOP_THREADS, else one for each core that this process may use when left out or
   * 0. Counts for the first that loads it.
   */
  readonly threads?: number;
}

/** Both hold the same code; which device they compute on is a matter of the library that they are linked to. */
export const packageNames = ['@tensorflow/tfjs-node-gpu', '@tensorflow/tfjs-node'] as const;

/** Where `kdad-edge setup tensorflow` puts tfjs-node: KDAD_EDGE_TENSORFLOW, else `tensorflow` among the user's data. */
export function addonFolder(environment: Environment = process.env): string {
  const { KDAD_EDGE_TENSORFLOW: own } = environment;
  return own ? resolve(own) : join(dataFolder(environment), 'tensorflow');
}

/**
 * Loads tfjs-node: the one that was set up, else one that is installed beside kdad-edge. Our copy of TensorFlow.js and
 * the one that it brings along share engine, kernels and gradients, which TensorFlow.js keeps in globals.
 *
 * @throws KdadError TENSORFLOW_MISSING
 */
export async function loadAddon({ threads }: AddonOptions = {}): Promise<Addon> {
  const path = findAddon();
  const environment = tensorflowEnvironment(threads);
  Object.assign(process.env, environment);
  // Or it warns that it is there twice, and that its kernels are.
  ENV.set('PROD', true);
  try {
    const require = createRequire(import.meta.url);
    const loaded = require(path) as { version: Record<string, string> };
    if (loaded.version['tfjs-core'] !== version_core) {
      throw new Error(`it brings TensorFlow.js ${loaded.version['tfjs-core']}; expected ${version_core}`);
    }
  } catch (error) {
    throw missing(`${path} cannot be loaded: ${(error as Error).message}`, error);
  }
  const { binding, isUsingGpuDevice } = engine().findBackend('tensorflow') as unknown as {
    binding: { TF_Version: string };
    isUsingGpuDevice: boolean;
  };
  return {
    version: binding.TF_Version,
    device: isUsingGpuDevice ? 'gpu' : 'cpu',
    threads: Number(environment.TF_NUM_INTRAOP_THREADS),
  };
}

function findAddon(): string {
  const places = [join(addonFolder(), 'package.json'), import.meta.url];
  for (const place of places) {
    for (const name of packageNames) {
      try {
        return createRequire(place).resolve(name);
      } catch {}
    }
  }
  throw missing(`no TensorFlow in ${addonFolder()}, and no ${packageNames.join(' or ')} beside kdad-edge`);
}

const missing = (what: string, cause?: unknown) => new KdadError('TENSORFLOW_MISSING', what, { cause });

/**
 * What TensorFlow reads from the environment when it is loaded; what is set there already counts, but for threads that
 * were asked for.
 */
export function tensorflowEnvironment(
  threads?: number,
  environment: Environment = process.env,
): Record<string, string> {
  const defaults = {
    // Errors only: it tells of processor features and devices on the terminal.
    TF_CPP_MIN_LOG_LEVEL: '2',
    // The GPU is not ours alone: decoders and other processes need memory, too.
    TF_FORCE_GPU_ALLOW_GROWTH: 'true',
    // Engines are to agree: no rounding to ten bits on the way.
    NVIDIA_TF32_OVERRIDE: '0',
  };
  const kept = Object.entries(defaults).map(([name, value]) => [name, environment[name] ?? value]);
  // TensorFlow's own count knows no quotas.
  const there = environment.TF_NUM_INTRAOP_THREADS ?? '';
  const count = threadsFor(threads || (/^[1-9]\d{0,3}$/.test(there) ? Number(there) : 0));
  return { ...Object.fromEntries(kept), TF_NUM_INTRAOP_THREADS: String(count) };
}
