import { availableParallelism } from 'node:os';
import type { Bundle } from '../bundle/read.js';
import type { DetectorOptions } from '../detector/detector.js';
import type { UsedDevice } from '../engine/onnx/device.js';
import { runtimeVersion } from '../engine/onnx/runtime.js';
import { KdadError } from '../errors.js';
import { prove } from '../inspection/prove.js';
import { type Finding, ok, warning } from './finding.js';

export function describeBundle({ name, version, manifest, precision, threshold }: Bundle): Finding {
  const [height, width] = manifest.preprocessing.size;
  return ok('model', `${name} ${version}, ${width} x ${height}, ${precision}, threshold ${threshold.toPrecision(4)}`);
}

export async function checkSelfTest(bundle: Bundle, options: DetectorOptions): Promise<Finding> {
  let used: UsedDevice = { device: 'cpu' };
  const onDevice = (one: UsedDevice) => {
    used = one;
  };
  await prove(bundle, { ...options, onDevice });
  const found = `on ${used.device} the bundle's picture scores as where it was trained`;
  if (used.passedOver === undefined) return ok('self-test', found);
  const { message, fix } = new KdadError('DEVICE_UNUSABLE', `not on the GPU: ${used.passedOver}`);
  return warning('self-test', `${found}; ${message}`, fix);
}

/** @throws KdadError TENSORFLOW_MISSING */
export async function describeEngine({ engine, device, threads = 0 }: DetectorOptions): Promise<Finding> {
  const cores = availableParallelism();
  const used = threads === 0 || threads > cores ? cores : threads;
  const processor = `${used} of ${cores} threads of the processor`;
  if (engine !== 'tensorflow') return ok('engine', `onnxruntime ${runtimeVersion}, device ${device}, ${processor}`);
  const { openTensorflowEngine } = await import('../engine/tensorflow/tensorflow-engine.js');
  const { version, device: found } = await openTensorflowEngine({ threads });
  return ok('engine', `TensorFlow ${version}, ${found === 'gpu' ? 'on the GPU' : processor}`);
}
