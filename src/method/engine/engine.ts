import type { Tensor } from '../tensorflow.js';

/** Named tensors in or out of a program. */
export type Tensors = Record<string, Tensor>;

/** A pure function of tensors, written in TensorFlow.js operations. */
export type Program = (inputs: Tensors) => Tensors;

/** uint8 tensors (frames) appear in the program as int32: cast them to float32 before anything else. */
export type TensorType = 'float32' | 'int32' | 'uint8';
export type TensorData = Float32Array | Int32Array | Uint8Array;

/**
 * A tensor's shape and type; with `value`, a constant that becomes part of the executable and is not to be changed any
 * more.
 */
export interface TensorSpec {
  readonly shape: readonly number[];
  readonly type: TensorType;
  readonly value?: TensorData;
}

/** A tensor's numbers outside of any engine, in row-major order. */
export interface HostTensor {
  readonly shape: readonly number[];
  readonly data: TensorData;
}

export interface Executable {
  /**
   * Runs the program once. `outputs` may hold arrays to write results into, by output name; they must not overlap any
   * input.
   * @throws KdadError ENGINE_FAILED, KERNEL_UNSUPPORTED
   */
  run(inputs: Record<string, TensorData>, outputs?: Record<string, TensorData>): Promise<Record<string, HostTensor>>;
  dispose(): Promise<void>;
}

/** What runs a program. Every engine gives the same results within rounding; test/method/engine holds them to it. */
export interface Engine {
  readonly name: string;
  /** Of the library that computes. */
  readonly version: string;
  /** Of the processor, that it computes in. */
  readonly threads: number;
  /**
   * Makes `program` runnable for inputs of exactly these shapes and types.
   * @throws KdadError KERNEL_UNSUPPORTED naming the operation, ENGINE_FAILED; an engine that runs programs as they are
   *   written finds out only then
   */
  compile(program: Program, inputs: Record<string, TensorSpec>): Promise<Executable>;
}
