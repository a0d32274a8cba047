import type { TensorSpec } from '../engine/engine.js';
import { trace } from '../engine/onnx/tracer.js';
import type { MapOptions } from '../model/anomaly-map.js';
import { detect, type Normalisation } from '../model/detector.js';
import type { Weights } from '../model/safetensors.js';
import { reshape, type Tensor, type Tensor4D } from '../tensorflow.js';

/**
 * The detector as an ONNX file: uint8 `frames` (batch x height x width x 3) in; `anomaly_map` (batch x height x width) and
 * `score` (batch) out. The batch is free.
 *
 * @param teacher folded weights
 * @param student folded weights
 * @param usual each layer's usual distance, height x width by the names of `usualDistances`; for maps that need it
 */
export async function exportDetector(
  teacher: Weights,
  student: Weights,
  options: { size: readonly [number, number]; normalisation: Normalisation; map: MapOptions; maxBatch: number },
  usual: Weights = {},
): Promise<Uint8Array> {
  const { size, normalisation, map, maxBatch } = options;
  const inputs: Record<string, TensorSpec> = { frames: { shape: [maxBatch, ...size, 3], type: 'uint8' } };
  const networks = { teacher, student, usual };
  for (const [network, weights] of Object.entries(networks)) {
    for (const [name, { shape, data }] of Object.entries(weights)) {
      inputs[`${network}/${name}`] = { shape, type: 'float32', value: data };
    }
  }
  const graph = await trace(({ frames, ...constants }) => {
    const weightsOf = (network: keyof typeof networks): Record<string, Tensor> =>
      Object.fromEntries(Object.keys(networks[network]).map((name) => [name, constants[`${network}/${name}`]]));
    const distances = Object.values(weightsOf('usual')).map((layer): Tensor4D => {
      const [height, width] = layer.shape;
      return reshape(layer, [1, height, width, 1]);
    });
    const detection = detect(frames, weightsOf('teacher'), weightsOf('student'), { normalisation, map }, distances);
    return { anomaly_map: detection.map, score: detection.score };
  }, inputs);
  return graph.encode({ symbolicBatch: true });
}
