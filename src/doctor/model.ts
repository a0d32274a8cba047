import { availableParallelism } from 'node:os';
import type { Bundle } from '../bundle/read.js';
import type { DetectorOptions } from '../detector/detector.js';
import { runtimeVersion } from '../engine/onnx/runtime.js';
import { prove } from '../inspection/prove.js';
import { type Finding, ok } from './finding.js';

export function describeBundle({ name, version, manifest }: Bundle): Finding {
  const { threshold, preprocessing } = manifest;
  const [height, width] = preprocessing.size;
  return ok('model', `${name} ${version}, ${width} x ${height}, threshold ${threshold.value.toPrecision(4)}`);
}

export async function checkSelfTest(bundle: Bundle, options: DetectorOptions): Promise<Finding> {
  await prove(bundle, options);
  return ok('self-test', "the bundle's picture scores as where it was trained");
}

/** @throws KdadError TENSORFLOW_MISSING */
export async function describeEngine({ engine, threads = 0 }: DetectorOptions): Promise<Finding> {
  const cores = availableParallelism();
  const used = threads === 0 || threads > cores ? cores : threads;
  const processor = `on the processor, ${used} of ${cores} threads`;
  if (engine !== 'tensorflow') return ok('engine', `onnxruntime ${runtimeVersion}, ${processor}`);
  const { openTensorflowEngine } = await import('../engine/tensorflow/tensorflow-engine.js');
  const { version, device } = await openTensorflowEngine({ threads });
  return ok('engine', `TensorFlow ${version}, ${device === 'gpu' ? 'on the GPU' : processor}`);
}
