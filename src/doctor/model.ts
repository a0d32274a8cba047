import { availableParallelism } from 'node:os';
import type { Bundle } from '../bundle/read.js';
import { runtimeVersion } from '../engine/onnx/runtime.js';
import { prove } from '../inspection/prove.js';
import { type Finding, ok } from './finding.js';

export function describeBundle({ name, version, manifest }: Bundle): Finding {
  const { threshold, preprocessing } = manifest;
  const [height, width] = preprocessing.size;
  return ok('model', `${name} ${version}, ${width} x ${height}, threshold ${threshold.value.toPrecision(4)}`);
}

export async function checkSelfTest(bundle: Bundle, threads: number): Promise<Finding> {
  await prove(bundle, threads);
  return ok('self-test', "the bundle's picture scores as where it was trained");
}

export function describeEngine(threads: number): Finding {
  const cores = availableParallelism();
  const used = threads === 0 || threads > cores ? cores : threads;
  return ok('engine', `onnxruntime ${runtimeVersion}, on the processor, ${used} of ${cores} threads`);
}
