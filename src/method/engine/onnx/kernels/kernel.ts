import { KdadError } from '../../../../common/errors.js';
import type { Attribute, Edge, ElementType, Graph } from '../graph.js';
import { naturalOrder, physicalShape, type Value } from '../layout.js';

/** What a TensorFlow.js kernel is called with while it is traced. */
export interface KernelCall {
  readonly graph: Graph;
  /** By the names that TensorFlow.js gives them: `x`, `a`, `b`, `dy`, `filter`... */
  readonly inputs: Readonly<Record<string, Value>>;
  /** Inputs in order, for kernels that take a list. */
  readonly list: readonly Value[];
  // biome-ignore lint/suspicious/noExplicitAny: each kernel has attributes of its own (TensorFlow.js's kernel_names.ts).
  readonly attributes: Readonly<Record<string, any>>;
}

/** Appends what the kernel does to the graph and returns where its result stands. */
export type Kernel = (call: KernelCall) => Value;

/** The same for a kernel with several results. */
export type KernelOfSeveral = (call: KernelCall) => readonly Value[];

/** A value in natural order: physical axes are the logical ones. */
export const natural = (edge: Edge): Value => ({ edge, shape: edge.shape, order: naturalOrder(edge.shape.length) });

/** Appends a node with one output of logical `shape`, held in `order`. */
export function append(
  graph: Graph,
  operator: string,
  inputs: readonly (Edge | undefined)[],
  output: { shape: readonly number[]; order: readonly number[]; type?: ElementType },
  attributes: Readonly<Record<string, Attribute>> = {},
  domain = '',
): Value {
  const { shape, order, type = 'float32' } = output;
  const [edge] = graph.node(operator, inputs, [{ shape: physicalShape(shape, order), type }], attributes, domain);
  return { edge, shape, order };
}

/** A rank-0 constant. */
export const scalar = (graph: Graph, value: number): Edge => graph.constant(Float32Array.of(value), [], 'float32');

export function unsupported(kernel: string, what: string): KdadError {
  return new KdadError('KERNEL_UNSUPPORTED', `the onnx engine cannot trace ${kernel}: ${what}`);
}
