import type { Bundle } from '../bundle/read.js';
import type { EngineName } from '../engine/engines.js';
import type { Detection } from '../engine/onnx/session.js';

/** What judges frames: teacher, student, anomaly map and score of one bundle, ready on an engine. */
export interface Detector {
  /**
   * @param frames uint8 RGB, batch x height x width x 3, at the size of the bundle's preprocessing
   * @throws KdadError ENGINE_FAILED
   */
  run(frames: Uint8Array, batch: number): Promise<Detection>;
  dispose(): Promise<void>;
}

/** What a detector is made from; plain data, so that another process can be told of it. */
export type DetectorSource = Pick<Bundle, 'directory' | 'detectorPath' | 'manifest'>;

export interface DetectorOptions {
  /** `onnx` when left out. */
  readonly engine?: EngineName;
  /** Threads of the processor; all cores when left out or 0. */
  readonly threads?: number;
}

/**
 * Loads a bundle's detector. Only what the engine needs is loaded: no TensorFlow.js for `onnx`.
 * @throws KdadError ENGINE_FAILED, TENSORFLOW_MISSING, WEIGHTS_INVALID, BUNDLE_UNSUPPORTED
 */
export async function openDetector(source: DetectorSource, options: DetectorOptions = {}): Promise<Detector> {
  const { engine = 'onnx', threads } = options;
  if (engine === 'onnx') {
    const { DetectorSession } = await import('../engine/onnx/session.js');
    return DetectorSession.load(source.detectorPath, { threads });
  }
  const [{ openTensorflowEngine }, { ProgramDetector }] = await Promise.all([
    import('../engine/tensorflow/tensorflow-engine.js'),
    import('./program-detector.js'),
  ]);
  return ProgramDetector.load(source, await openTensorflowEngine({ threads }));
}
