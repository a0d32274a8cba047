import type { Engine, Executable, HostTensor, Program, TensorData, TensorSpec } from '../engine.js';
import { Session } from './runtime.js';
import { trace } from './tracer.js';

/** Traces a program to one ONNX graph and runs it with ONNX Runtime: to TensorFlow.js what `jit` is to JAX. */
export class OnnxEngine implements Engine {
  readonly name = 'onnx';

  async compile(program: Program, inputs: Record<string, TensorSpec>): Promise<Executable> {
    const graph = await trace(program, inputs);
    const free = Object.entries(inputs).filter(([, { value }]) => !value);
    const session = await Session.open(graph.encode());
    return new OnnxExecutable(
      session,
      shapesByName(free),
      shapesByName(graph.outputs.map((edge) => [edge.name, edge])),
    );
  }
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

  run(
    inputs: Record<string, TensorData>,
    outputs: Record<string, TensorData> = {},
  ): Promise<Record<string, HostTensor>> {
    const feeds = Object.entries(this.#inputs).map(([name, shape]) => [name, { shape, data: inputs[name] }]);
    const fetches = Object.entries(outputs).map(([name, data]) => [name, { shape: this.#outputs[name], data }]);
    return this.#session.run(Object.fromEntries(feeds), Object.fromEntries(fetches));
  }

  dispose(): Promise<void> {
    return this.#session.close();
  }
}
