import { KdadError } from '../../common/errors.js';
import { type Cores, describeCores, findCores, threadsFor } from '../../common/processor/cores.js';
import { prove } from '../../line/inspection/prove.js';
import type { Bundle } from '../../method/bundle/read.js';
import type { Used } from '../../method/detector/detector.js';
import type { DetectorOptions } from '../../method/detector/open-detector.js';
import { runtimeVersion } from '../../method/engine/onnx/runtime.js';
import { describeFrames } from '../../method/images/tiles.js';
import { type Finding, ok, warning } from './finding.js';

export function describeBundle({ name, version, manifest, precision, threshold }: Bundle): Finding {
  return ok(
    'model',
    `${name} ${version}, ${describeFrames(manifest.preprocessing)}, ${precision}, threshold ${threshold.toPrecision(4)}`,
  );
}

export async function checkSelfTest(bundle: Bundle, options: DetectorOptions): Promise<Finding> {
  let used: Used | undefined;
  const onDevice = (one: Used) => {
    used = one;
  };
  await prove(bundle, { ...options, onDevice });
  const found = `on ${used?.device} the bundle's picture scores as where it was trained`;
  if (used?.passedOver === undefined) return ok('self-test', found);
  const { message, fix } = new KdadError('DEVICE_UNUSABLE', `not on the GPU: ${used.passedOver}`);
  return warning('self-test', `${found}; ${message}`, fix);
}

/** @throws KdadError TENSORFLOW_MISSING */
export async function describeEngine({ engine, device, threads: asked }: DetectorOptions): Promise<Finding> {
  const cores = findCores();
  if (engine !== 'tensorflow') {
    return inThreads(`onnxruntime ${runtimeVersion}, device ${device}`, threadsFor(asked), cores);
  }
  const { openTensorflowEngine } = await import('../../method/engine/tensorflow/tensorflow-engine.js');
  const { version, device: found, threads } = await openTensorflowEngine({ threads: asked });
  if (found === 'gpu') return ok('engine', `TensorFlow ${version}, on the GPU`);
  return inThreads(`TensorFlow ${version}`, threads, cores);
}

function inThreads(engine: string, threads: number, cores: Cores): Finding {
  const found = `${engine}, ${threads} ${threads === 1 ? 'thread' : 'threads'} on ${describeCores(cores)}`;
  if (threads <= cores.usable) return ok('engine', found);
  return warning('engine', `${found}: threads will wait for each other`, 'Set inspection.threads to 0.');
}
