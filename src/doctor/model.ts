import { availableParallelism } from 'node:os';
import type { Bundle } from '../bundle/read.js';
import { runtimeVersion } from '../engine/onnx/runtime.js';
import { LiveDetector } from '../inspection/live-detector.js';
import { type Finding, ok } from './finding.js';

/** Milliseconds that loading the detector, and judging the bundle's picture, may take. */
const TIMEOUT = 60_000;

export function describeBundle({ name, version, manifest }: Bundle): Finding {
  const { threshold, preprocessing } = manifest;
  const [height, width] = preprocessing.size;
  return ok('model', `${name} ${version}, ${width} x ${height}, threshold ${threshold.value.toPrecision(4)}`);
}

/** Loads the detector as the daemon does, in a process of its own, and has it judge the bundle's own picture. */
export async function checkSelfTest(bundle: Bundle, threads: number): Promise<Finding> {
  const detector = new LiveDetector(bundle, { threads, timeout: TIMEOUT, onLoss: () => {} });
  try {
    await detector.start();
  } finally {
    await detector.stop();
  }
  return ok('self-test', "the bundle's picture scores as where it was trained");
}

export function describeEngine(threads: number): Finding {
  const cores = availableParallelism();
  const used = threads === 0 || threads > cores ? cores : threads;
  return ok('engine', `onnxruntime ${runtimeVersion}, on the processor, ${used} of ${cores} threads`);
}
