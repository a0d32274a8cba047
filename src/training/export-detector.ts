import { type DetectorWeights, detectorProgram } from '../detector/program.js';
import type { Graph } from '../engine/onnx/graph.js';
import { trace } from '../engine/onnx/tracer.js';
import type { MapOptions } from '../model/anomaly-map.js';
import type { Normalisation } from '../model/detector.js';
import type { Scoring } from '../model/scoring.js';

/** How a detector is put together. */
export interface DetectorShape {
  /** Height and width of a frame. */
  readonly size: readonly [number, number];
  readonly normalisation: Normalisation;
  readonly map: MapOptions;
  readonly maxBatch: number;
  readonly scoring?: Scoring;
}

/**
 * The detector as an ONNX graph, to be encoded with a symbolic batch: uint8 `frames` (batch x height x width x 3) in; `anomaly_map` (batch x height x width) and
 * `score` (batch) out. The batch is free.
 *
 * @param weights the networks' folded
 */
export async function traceDetector(
  weights: DetectorWeights,
  { size, normalisation, map, scoring, maxBatch }: DetectorShape,
): Promise<Graph> {
  const { program, inputs } = detectorProgram(weights, { normalisation, map, scoring }, [maxBatch, ...size]);
  return trace(program, inputs);
}

/** `traceDetector` as the bytes of an ONNX file. */
export async function exportDetector(...parameters: Parameters<typeof traceDetector>): Promise<Uint8Array> {
  return (await traceDetector(...parameters)).encode({ symbolicBatch: true });
}
