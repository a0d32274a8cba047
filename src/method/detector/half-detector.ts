import { halfPrecision } from '../engine/onnx/half-precision.js';
import { trace } from '../engine/onnx/tracer.js';
import type { DetectorSource } from './detector.js';
import { readMakings } from './makings.js';
import { detectorProgram } from './program.js';

/**
 * A bundle's detector in half precision as an ONNX file, made of its weights. For GPUs: the processor computes it in 32
 * bits behind casts, slower than the bundle's own.
 *
 * @throws KdadError WEIGHTS_INVALID, BUNDLE_UNSUPPORTED, ENGINE_FAILED for a weight that is too large
 */
export async function halfDetector(source: DetectorSource): Promise<Uint8Array> {
  const { weights, options, size } = await readMakings(source);
  const { program, inputs } = detectorProgram(weights, options, [source.manifest.detector.maxBatch, ...size]);
  return halfPrecision(await trace(program, inputs)).encode({ symbolicBatch: true });
}
