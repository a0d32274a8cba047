import type { Bundle } from '../bundle/read.js';
import type { UsedDevice } from '../engine/onnx/device.js';
import type { Detection } from '../engine/onnx/session.js';

/** What a detector runs on. */
export interface Used extends UsedDevice {
  /** Of the processor. */
  readonly threads: number;
}

/** What judges frames: teacher, student, anomaly map and score of one bundle, ready on an engine. */
export interface Detector extends Used {
  /**
   * @param frames uint8 RGB, batch x height x width x 3, at the size of the bundle's preprocessing
   * @throws KdadError ENGINE_FAILED
   */
  run(frames: Uint8Array, batch: number): Promise<Detection>;
  dispose(): Promise<void>;
}

/** What a detector is made from; plain data, so that another process can be told of it. */
export type DetectorSource = Pick<Bundle, 'directory' | 'detectorPath' | 'manifest' | 'precision'>;
