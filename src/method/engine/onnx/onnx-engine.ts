import { threadsFor } from '../../../common/processor/cores.js';
import type { Engine, Executable, HostTensor, Program, TensorData, TensorSpec } from '../engine.js';
import type { Graph } from './graph.js';
import { runtimeVersion, Session } from './runtime.js';
import { trace } from './tracer.js';

/** Traces a program to one ONNX graph and runs it with ONNX Runtime: to TensorFlow.js what `jit` is to JAX. */
export class OnnxEngine implements Engine {
  readonly name = 'onnx';
  readonly version = runtimeVersion;
  readonly device: string;
  readonly threads: number;

  /** @param options `device` as `devicePattern`, but for `auto`; `threads` as in `SessionOptions` */
  constructor({ device = 'cpu', threads }: { readonly device?: string; readonly threads?: number } = {}) {
    this.device = device;
    this.threads = threadsFor(threads);
  }

  async compile(program: Program, inputs: Record<string, TensorSpec>): Promise<Executable> {
    const graph = await trace((tensors) => renamed(program(tensors), (name) => RESULT + name), inputs);
    const free = Object.entries(inputs).filter(([, { value }]) => !value);
    const session = await Session.open(graph.encode(), {
      device: this.device,
      threads: this.threads,
      unfit: poolsWithIndices(graph),
    });
    return new OnnxExecutable(session, shapesByName(free), shapesByName([...graph.outputs]));
  }
}

/** WebGPU's pools give no indices, which their gradients need; it takes them all the same. */
function poolsWithIndices({ nodes }: Graph): string[] {
  const read = new Set(nodes.flatMap(({ inputs }) => inputs.map((edge) => edge?.name)));
  const pools = nodes.filter(({ operator, outputs }) => operator === 'MaxPool' && read.has(outputs[1]?.name));
  return pools.map(({ outputs }) => outputs[0].name);
}

/** An ONNX graph has one space of names, a program has two: what comes out may be named like what went in. */
const RESULT = 'result/';

function renamed<T>(record: Readonly<Record<string, T>>, rename: (name: string) => string): Record<string, T> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [rename(name), value]));
}

type Shapes = Readonly<Record<string, readonly number[]>>;

const shapesByName = (named: readonly (readonly [string, { shape: readonly number[] }])[]): Shapes =>
  Object.fromEntries(named.map(([name, { shape }]) => [name, shape]));

class OnnxExecutable implements Executable {
  readonly #session: Session;
  readonly #inputs: Shapes;
  readonly #outputs: Shapes;

  constructor(session: Session, inputs: Shapes, outputs: Shapes) {
    this.#session = session;
    this.#inputs = inputs;
    this.#outputs = outputs;
  }

  async run(
    inputs: Record<string, TensorData>,
    outputs: Record<string, TensorData> = {},
  ): Promise<Record<string, HostTensor>> {
    const feeds = Object.entries(this.#inputs).map(([name, shape]) => [name, { shape, data: inputs[name] }]);
    const fetches = Object.entries(this.#outputs).flatMap(([name, shape]) => {
      const data = outputs[name.slice(RESULT.length)];
      return data ? [[name, { shape, data }]] : [];
    });
    const results = await this.#session.run(Object.fromEntries(feeds), Object.fromEntries(fetches));
    return renamed(results, (name) => name.slice(RESULT.length));
  }

  dispose(): Promise<void> {
    return this.#session.close();
  }
}
