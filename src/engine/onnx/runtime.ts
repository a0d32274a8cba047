import { env, InferenceSession, Tensor } from 'onnxruntime-node';
import { KdadError } from '../../errors.js';
import type { HostTensor, TensorData } from '../engine.js';

export const runtimeVersion: string = env.versions.node ?? env.versions.common;

/** An open onnxruntime session: the one place that names its options and turns its failures into ours. */
export class Session {
  readonly #session: InferenceSession;

  private constructor(session: InferenceSession) {
    this.#session = session;
  }

  /**
   * @param model a file's path or the model's bytes
   * @param threads of the CPU provider; all cores when left out
   * @throws KdadError ENGINE_FAILED
   */
  static async open(model: string | Uint8Array, options: { threads?: number } = {}): Promise<Session> {
    try {
      const session = await InferenceSession.create(model as string, {
        executionProviders: ['cpu'],
        graphOptimizationLevel: 'all',
        intraOpNumThreads: options.threads ?? 0,
        // Errors only: warnings speak of constants that its own optimiser folded away.
        logSeverityLevel: 3,
      });
      return new Session(session);
    } catch (error) {
      const name = typeof model === 'string' ? model : 'a traced program';
      throw new KdadError('ENGINE_FAILED', `onnxruntime cannot load ${name}: ${(error as Error).message}`, {
        cause: error,
      });
    }
  }

  /** Shape of an input as stored in the model; symbolic dimensions are NaN. */
  inputShape(name: string): number[] {
    const metadata = this.#session.inputMetadata.find((input) => input.name === name);
    if (!metadata?.isTensor) throw new KdadError('ENGINE_FAILED', `the model has no input tensor "${name}"`);
    return metadata.shape.map((dimension) => (typeof dimension === 'number' && dimension > 0 ? dimension : Number.NaN));
  }

  /** Runs once; results named in `outputs` are written into the arrays given there. */
  async run(
    inputs: Record<string, HostTensor>,
    outputs: Record<string, HostTensor> = {},
  ): Promise<Record<string, HostTensor>> {
    try {
      const feeds = mapValues(inputs, wrap);
      const fetches = this.#session.outputNames.map((name) => [name, outputs[name] ? wrap(outputs[name]) : null]);
      const results = await this.#session.run(feeds, Object.fromEntries(fetches));
      return mapValues(results, ({ dims, data }) => ({ shape: dims, data: data as TensorData }));
    } catch (error) {
      throw new KdadError('ENGINE_FAILED', `onnxruntime failed: ${(error as Error).message}`, { cause: error });
    }
  }

  async close(): Promise<void> {
    await this.#session.release();
  }
}

/** Without a copy: onnxruntime reads and writes the array itself. */
function wrap({ data, shape }: HostTensor): Tensor {
  if (data instanceof Uint8Array) return new Tensor('uint8', data, shape);
  return data instanceof Int32Array ? new Tensor('int32', data, shape) : new Tensor('float32', data, shape);
}

function mapValues<A, B>(record: Readonly<Record<string, A>>, change: (value: A) => B): Record<string, B> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, change(value)]));
}
