import './no-telemetry.js';
import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { KdadError } from '../../../common/errors.js';
import { threadsFor } from '../../../common/processor/cores.js';
import type { HostTensor, TensorData } from '../engine.js';
import { libraryOf, obstacleTo, parseDevice, providersOf } from './device.js';
import { missingLibraries } from './missing-libraries.js';
import { misplacement, type Placement, readPlacement } from './placement.js';
import { Profile } from './profile.js';

export const runtimeVersion: string = env.versions.node ?? env.versions.common;

export interface SessionOptions {
  /** Of the processor; one for each core that this process may use when left out or 0. */
  readonly threads?: number;
  /** As `devicePattern`, but for `auto`; the processor when left out. */
  readonly device?: string;
  /** Names of nodes that WebGPU cannot run. */
  readonly unfit?: readonly string[];
  /**
   * Whether threads look out for more work for a while before they sleep, as by default: faster by up to a tenth for
   * runs one after the other; in pauses it keeps cores busy.
   */
  readonly spinning?: boolean;
}

/**
 * An open onnxruntime session: the one place that names its options and turns its failures into ours. On a device other
 * than the processor its first run is profiled, since onnxruntime moves what a device cannot do to the processor
 * without a word.
 */
export class Session {
  /** Of the processor. */
  readonly threads: number;
  readonly #session: InferenceSession;
  readonly #device: string;
  #profile: Profile | undefined;
  #placement: Placement | undefined;

  private constructor(
    session: InferenceSession,
    { threads, device, profile }: { threads: number; device: string; profile: Profile | undefined },
  ) {
    this.threads = threads;
    this.#session = session;
    this.#device = device;
    this.#profile = profile;
  }

  /**
   * @param model a file's path or the model's bytes
   * @throws KdadError ENGINE_FAILED, DEVICE_UNUSABLE
   */
  static async open(
    model: string | Uint8Array,
    { threads: asked, device: name = 'cpu', unfit, spinning = true }: SessionOptions = {},
  ): Promise<Session> {
    const device = parseDevice(name);
    const obstacle = obstacleTo(device);
    if (obstacle !== undefined) throw new KdadError('DEVICE_UNUSABLE', `${name}: ${obstacle}`);
    const profile = device.kind === 'cpu' ? undefined : new Profile();
    const threads = threadsFor(asked);
    try {
      const session = await InferenceSession.create(model as string, {
        executionProviders: providersOf(device, unfit),
        graphOptimizationLevel: 'all',
        // Never 0: onnxruntime counts cores itself then, and on processors that it does not know it finds one.
        intraOpNumThreads: threads,
        extra: { session: { intra_op: { allow_spinning: spinning ? '1' : '0' } } },
        // Errors only: warnings speak of constants that its own optimiser folded away.
        logSeverityLevel: 3,
        ...profile?.options,
      });
      return new Session(session, { threads, device: name, profile });
    } catch (cause) {
      await profile?.remove();
      const { message } = cause as Error;
      if (device.kind !== 'cpu') {
        const library = libraryOf(device);
        const reason = explain(message, library === undefined ? [] : await missingLibraries(library));
        throw new KdadError('DEVICE_UNUSABLE', `${name}: ${reason}`, { cause });
      }
      const what = typeof model === 'string' ? model : 'a traced program';
      throw new KdadError('ENGINE_FAILED', `onnxruntime cannot load ${what}: ${message}`, { cause });
    }
  }

  /** What ran where; undefined on the processor, and before the first run. */
  get placement(): Placement | undefined {
    return this.#placement;
  }

  /** Shape of an input as stored in the model; symbolic dimensions are NaN. */
  inputShape(name: string): number[] {
    const metadata = this.#session.inputMetadata.find((input) => input.name === name);
    if (!metadata?.isTensor) throw new KdadError('ENGINE_FAILED', `the model has no input tensor "${name}"`);
    return metadata.shape.map((dimension) => (typeof dimension === 'number' && dimension > 0 ? dimension : Number.NaN));
  }

  /**
   * Runs once; results named in `outputs` are written into the arrays given there.
   * @throws KdadError ENGINE_FAILED; DEVICE_UNUSABLE when the first run shows that the device was not used
   */
  async run(
    inputs: Record<string, HostTensor>,
    outputs: Record<string, HostTensor> = {},
  ): Promise<Record<string, HostTensor>> {
    let results: InferenceSession.OnnxValueMapType;
    try {
      const feeds = mapValues(inputs, wrap);
      const fetches = this.#session.outputNames.map((name) => [name, outputs[name] ? wrap(outputs[name]) : null]);
      results = await this.#session.run(feeds, Object.fromEntries(fetches));
    } catch (error) {
      throw new KdadError('ENGINE_FAILED', `onnxruntime failed: ${(error as Error).message}`, { cause: error });
    }
    if (this.#profile) await this.#seeWhatRanWhere(this.#profile);
    return mapValues(results as Record<string, Tensor>, ({ dims, data }) => ({
      shape: dims,
      data: data as TensorData,
    }));
  }

  async close(): Promise<void> {
    await this.#profile?.remove();
    await this.#session.release();
  }

  async #seeWhatRanWhere(profile: Profile): Promise<void> {
    this.#profile = undefined;
    this.#session.endProfiling();
    this.#placement = readPlacement(await profile.take());
    const wrong = misplacement(this.#placement, parseDevice(this.#device));
    if (wrong !== undefined) throw new KdadError('DEVICE_UNUSABLE', `${this.#device} is not used: ${wrong}`);
  }
}

/** onnxruntime's message in one line, with what it leaves out. */
function explain(message: string, missing: readonly string[]): string {
  if (missing.length > 0) return `${missing.join(', ')} not found: install CUDA and cuDNN, see docs/hardware.md`;
  if (message.includes('No supported adapters')) {
    return "no Vulkan driver that WebGPU can use is installed: install the GPU's (mesa-vulkan-drivers, or NVIDIA's) and libvulkan1";
  }
  return message.trim().split('\n', 1)[0];
}

/** Without a copy: onnxruntime reads and writes the array itself. */
function wrap({ data, shape }: HostTensor): Tensor {
  if (data instanceof Uint8Array) return new Tensor('uint8', data, shape);
  return data instanceof Int32Array ? new Tensor('int32', data, shape) : new Tensor('float32', data, shape);
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
