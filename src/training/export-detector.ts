import type { TensorSpec } from '../engine/engine.js';
import type { Graph } from '../engine/onnx/graph.js';
import { trace } from '../engine/onnx/tracer.js';
import type { MapOptions } from '../model/anomaly-map.js';
import { detect, type Normalisation } from '../model/detector.js';
import type { Weights } from '../model/safetensors.js';
import { reshape, type Tensor, type Tensor4D } from '../tensorflow.js';

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
  const inputs: Record<string, TensorSpec> = { frames: { shape: [maxBatch, ...size, 3], type: 'uint8' } };
  const networks = { teacher, student, usual };
  for (const [network, weights] of Object.entries(networks)) {
    for (const [name, { shape, data }] of Object.entries(weights)) {
      inputs[`${network}/${name}`] = { shape, type: 'float32', value: data };
    }
  }
  return trace(({ frames, ...constants }) => {
    const weightsOf = (network: keyof typeof networks): Record<string, Tensor> =>
      Object.fromEntries(Object.keys(networks[network]).map((name) => [name, constants[`${network}/${name}`]]));
    const distances = Object.values(weightsOf('usual')).map((layer): Tensor4D => {
      const [height, width] = layer.shape;
      return reshape(layer, [1, height, width, 1]);
    });
    const detection = detect(frames, weightsOf('teacher'), weightsOf('student'), { normalisation, map }, distances);
    return { anomaly_map: detection.map, score: detection.score };
  }, inputs);
}

/** `traceDetector` as the bytes of an ONNX file. */
export async function exportDetector(...parameters: Parameters<typeof traceDetector>): Promise<Uint8Array> {
  return (await traceDetector(...parameters)).encode({ symbolicBatch: true });
}
