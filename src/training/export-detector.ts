import { detectorProgram } from '../detector/program.js';
import type { Graph } from '../engine/onnx/graph.js';
import { trace } from '../engine/onnx/tracer.js';
import type { MapOptions } from '../model/anomaly-map.js';
import type { Normalisation } from '../model/detector.js';
import type { Weights } from '../model/safetensors.js';

/** How a detector is put together. */
export interface DetectorShape {
  /** Height and width of a frame. */
  readonly size: readonly [number, number];
  readonly normalisation: Normalisation;
  readonly map: MapOptions;
  readonly maxBatch: number;
}

/**
 * The detector as an ONNX graph, to be encoded with a symbolic batch: uint8 `frames` (batch x height x width x 3) in; `anomaly_map` (batch x height x width) and
 * `score` (batch) out. The batch is free.
 *
 * @param teacher folded weights
 * @param student folded weights
 * @param usual each layer's usual distance, height x width by the names of `usualDistances`; for maps that need it
 */
export async function traceDetector(
  teacher: Weights,
  student: Weights,
  { size, normalisation, map, maxBatch }: DetectorShape,
  usual: Weights = {},
): Promise<Graph> {
  const weights = { teacher, student, usual };
  const { program, inputs } = detectorProgram(weights, { normalisation, map }, [maxBatch, ...size]);
  return trace(program, inputs);
}

/** `traceDetector` as the bytes of an ONNX file. */
export async function exportDetector(...parameters: Parameters<typeof traceDetector>): Promise<Uint8Array> {
  return (await traceDetector(...parameters)).encode({ symbolicBatch: true });
}
