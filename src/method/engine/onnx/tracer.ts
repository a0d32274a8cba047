import { KdadError } from '../../../common/errors.js';
import {
  type BackendValues,
  type DataId,
  DataStorage,
  type DataType,
  engine,
  KernelBackend,
  type NamedTensorInfoMap,
  registerBackend,
  registerKernel,
  setBackend,
  type Tensor,
  type TensorInfo,
} from '../../tensorflow.js';
import type { Program, TensorSpec, Tensors } from '../engine.js';
import { type ElementType, Graph } from './graph.js';
import { convolution } from './kernels/convolution.js';
import { elementwise } from './kernels/elementwise.js';
import { image } from './kernels/image.js';
import { type Kernel, type KernelOfSeveral, natural, unsupported } from './kernels/kernel.js';
import { matrix } from './kernels/matrix.js';
import { pooling } from './kernels/pooling.js';
import { reduction } from './kernels/reduction.js';
import { shape } from './kernels/shape.js';
import { arrange, naturalOrder, type Value } from './layout.js';

const BACKEND = 'onnx';

/** Every TensorFlow.js kernel that can be traced. */
export const kernels: Readonly<Record<string, Kernel | KernelOfSeveral>> = {
  ...convolution,
  ...elementwise,
  ...image,
  ...matrix,
  ...pooling,
  ...reduction,
  ...shape,
};

const logicalTypes: Record<ElementType, DataType> = {
  float32: 'float32',
  float16: 'float32',
  int32: 'int32',
  int64: 'int32',
  uint8: 'int32',
  int8: 'int32',
  bool: 'bool',
};

/**
 * A TensorFlow.js backend that executes nothing: its "data" are places in an ONNX graph, and every kernel call appends
 * nodes. TensorFlow.js differentiates over it as over any other backend, so gradients become part of the graph.
 */
class TracingBackend extends KernelBackend {
  #graph: Graph | undefined;
  readonly #values = new DataStorage<Value>(this, engine());

  get graph(): Graph {
    if (!this.#graph) throw unsupported('a tensor outside of a program', 'create it inside the function');
    return this.#graph;
  }

  /** Runs `build` with its kernel calls going to `graph`. */
  into<T>(graph: Graph, build: () => T): T {
    this.#graph = graph;
    try {
      return build();
    } finally {
      this.#graph = undefined;
    }
  }

  keep(value: Value): TensorInfo {
    const dataId = {};
    this.#values.set(dataId, value);
    return { dataId, shape: [...value.shape], dtype: logicalTypes[value.edge.type] };
  }

  at(dataId: DataId): Value {
    return this.#values.get(dataId);
  }

  override write(values: BackendValues, shape: number[], dtype: DataType): DataId {
    const type = dtype === 'int32' ? 'int32' : 'float32';
    const data = type === 'int32' ? Int32Array.from(values as Int32Array) : Float32Array.from(values as Float32Array);
    let value = natural(this.graph.constant(data, shape, type));
    if (dtype === 'bool')
      value = elementwise.Cast({ graph: this.graph, inputs: { x: value }, list: [], attributes: { dtype } });
    return this.keep(value).dataId;
  }

  override move(dataId: DataId, values: BackendValues, shape: number[], dtype: DataType): void {
    this.#values.set(dataId, this.at(this.write(values, shape, dtype)));
  }

  override readSync(dataId: DataId): never {
    const { name } = this.at(dataId).edge;
    throw unsupported('dataSync()', `the value of ${name} does not exist while the program is traced`);
  }

  override async read(dataId: DataId): Promise<never> {
    return this.readSync(dataId);
  }

  override disposeData(): boolean {
    return true;
  }

  override incRef(): void {}

  override refCount(): number {
    return 1;
  }

  override numDataIds(): number {
    return this.#values.numDataIds();
  }

  override floatPrecision(): 32 {
    return 32;
  }

  override epsilon(): number {
    return 1e-7;
  }

  override dispose(): void {}
}

let backend: TracingBackend | undefined;

function tracingBackend(): TracingBackend {
  if (backend) return backend;
  const created = new TracingBackend();
  registerBackend(BACKEND, () => created);
  for (const [kernelName, kernel] of Object.entries(kernels)) {
    registerKernel({
      kernelName,
      backendName: BACKEND,
      kernelFunc: ({ inputs, attrs }) => {
        const tensors = Object.entries(inputs as NamedTensorInfoMap).filter(([, tensor]) => tensor);
        const named = tensors.map(([name, tensor]) => [name, created.at((tensor as TensorInfo).dataId)] as const);
        const made = kernel({
          graph: created.graph,
          inputs: Object.fromEntries(named),
          list: named.map(([, value]) => value),
          attributes: attrs ?? {},
        });
        return 'edge' in made ? created.keep(made) : made.map((value) => created.keep(value));
      },
    });
  }
  backend = created;
  return created;
}

/**
 * Turns `program`, with any gradients it takes, into one ONNX graph. Inputs keep their names and natural order.
 * @throws KdadError KERNEL_UNSUPPORTED naming the operation that has no counterpart
 */
export async function trace(program: Program, inputs: Record<string, TensorSpec>): Promise<Graph> {
  const tracing = tracingBackend();
  await setBackend(BACKEND);
  const graph = new Graph();
  engine().startScope();
  try {
    tracing.into(graph, () => {
      const outputs = program(symbolicInputs(tracing, inputs));
      for (const [name, tensor] of Object.entries(outputs)) {
        const value = tracing.at(tensor.dataId);
        graph.output(name, arrange(graph, value, naturalOrder(value.shape.length)));
      }
    });
  } catch (error) {
    throw missingKernel(error) ?? error;
  } finally {
    engine().endScope();
  }
  return graph;
}

function symbolicInputs(tracing: TracingBackend, inputs: Record<string, TensorSpec>): Tensors {
  const tensors: Record<string, Tensor> = {};
  for (const [name, { shape, type, value }] of Object.entries(inputs)) {
    const edge = value ? tracing.graph.constant(value, shape, type) : tracing.graph.input(name, type, shape);
    const { dataId, dtype } = tracing.keep(natural(edge));
    tensors[name] = engine().makeTensorFromDataId(dataId, [...shape], dtype);
  }
  return tensors;
}

/** TensorFlow.js says in prose that a backend lacks a kernel. */
function missingKernel(error: unknown): KdadError | undefined {
  const match = error instanceof Error && /kernel '(\w+)'/i.exec(error.message);
  return match
    ? new KdadError('KERNEL_UNSUPPORTED', `the onnx engine has no kernel ${match[1]}`, { cause: error })
    : undefined;
}
