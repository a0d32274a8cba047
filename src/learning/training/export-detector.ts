import { type DetectorWeights, detectorProgram } from '../../method/detector/program.js';
import type { Graph } from '../../method/engine/onnx/graph.js';
import { trace } from '../../method/engine/onnx/tracer.js';
import type { DetectorOptions } from '../../method/model/detector.js';

/** How a detector is put together. */
export interface DetectorShape extends DetectorOptions {
  /** Height and width of a frame. */
  readonly size: readonly [number, number];
  readonly maxBatch: number;
}

/**
 * The detector as an ONNX graph, to be encoded with a symbolic batch: uint8 `frames` (batch x height x width x 3) in;
 * `anomaly_map` (batch x height x width) and `score` (batch) out. The batch is free.
 *
 * @param weights the networks' folded
 */
export async function traceDetector(
  weights: DetectorWeights,
  { size, maxBatch, ...options }: DetectorShape,
): Promise<Graph> {
  const { program, inputs } = detectorProgram(weights, options, [maxBatch, ...size]);
  return trace(program, inputs);
}

/** `traceDetector` as the bytes of an ONNX file. */
export async function exportDetector(...parameters: Parameters<typeof traceDetector>): Promise<Uint8Array> {
  return (await traceDetector(...parameters)).encode({ symbolicBatch: true });
}
