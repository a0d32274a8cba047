import { KdadError } from '../../../common/errors.js';
import { setBackend, type Tensor, tensor, tidy, version_core } from '../../tensorflow.js';
import type { Engine, Executable, HostTensor, Program, TensorData, TensorSpec, Tensors } from '../engine.js';

/** Runs programs as they are written, operation by operation, on a backend of TensorFlow.js. */
export class EagerEngine implements Engine {
  readonly name: string;
  readonly version: string;
  readonly threads: number;
  readonly #backend: string;

  /** @param backend as it is registered with TensorFlow.js */
  constructor(backend: string, { name = backend, version = version_core, threads = 1 } = {}) {
    this.name = name;
    this.version = version;
    this.threads = threads;
    this.#backend = backend;
  }

  async compile(program: Program, inputs: Record<string, TensorSpec>): Promise<Executable> {
    return new EagerExecutable(this.#backend, program, inputs);
  }
}

class EagerExecutable implements Executable {
  readonly #backend: string;
  readonly #program: Program;
  readonly #inputs: readonly (readonly [string, TensorSpec])[];
  readonly #constants: Tensors;

  constructor(backend: string, program: Program, specs: Record<string, TensorSpec>) {
    this.#backend = backend;
    this.#program = program;
    void setBackend(backend);
    const entries = Object.entries(specs);
    this.#inputs = entries.filter(([, { value }]) => !value);
    this.#constants = Object.fromEntries(
      entries.flatMap(([name, spec]) => (spec.value ? [[name, tensorOf(spec, spec.value)]] : [])),
    );
  }

  async run(
    inputs: Record<string, TensorData>,
    outputs: Record<string, TensorData> = {},
  ): Promise<Record<string, HostTensor>> {
    const results: Record<string, HostTensor> = {};
    // Takes effect at once: nothing that another engine does may come between it and the program.
    void setBackend(this.#backend);
    try {
      tidy(() => {
        const given = this.#inputs.map(([name, spec]) => [name, tensorOf(spec, inputs[name])]);
        const named = this.#program({ ...this.#constants, ...Object.fromEntries(given) });
        for (const [name, result] of Object.entries(named)) {
          results[name] = { shape: result.shape, data: read(result, outputs[name]) };
        }
      });
    } catch (error) {
      throw failure(this.#backend, error as Error);
    }
    return results;
  }

  async dispose(): Promise<void> {
    for (const constant of Object.values(this.#constants)) constant.dispose();
  }
}

const tensorOf = ({ shape, type }: TensorSpec, data: TensorData): Tensor =>
  tensor(data, [...shape], type === 'float32' ? 'float32' : 'int32');

/** Always a copy: the data of a tensor that no operation made are the very array that came in. */
function read(result: Tensor, into: TensorData | undefined): TensorData {
  const data = result.dataSync() as TensorData;
  if (!into) return data.slice();
  into.set(data);
  return into;
}

/** TensorFlow.js says in prose that a backend lacks a kernel. */
function failure(backend: string, cause: Error): KdadError {
  const kernel = /kernel '(\w+)' not registered/i.exec(cause.message)?.[1];
  return kernel
    ? new KdadError('KERNEL_UNSUPPORTED', `the ${backend} backend has no kernel ${kernel}`, { cause })
    : new KdadError('ENGINE_FAILED', `the ${backend} backend failed: ${cause.message}`, { cause });
}
