import type { Frame } from '../camera/frame.js';
import type { AnomalyMap } from '../detector/anomaly-map.js';

/** The decision on one frame. */
export interface Verdict {
  readonly camera: string;
  /** Of the frame, see `Frame`. */
  readonly sequence: number;
  /** When the frame had arrived, milliseconds since the epoch. */
  readonly time: number;
  readonly score: number;
  /** The score from which on a frame is anomalous. */
  readonly threshold: number;
  /** Score by threshold. */
  readonly ratio: number;
  readonly anomalous: boolean;
}

/** A verdict with what it was passed on. */
export interface JudgedFrame {
  readonly verdict: Verdict;
  readonly frame: Frame;
  /** The anomaly map of an anomalous frame. */
  readonly map?: AnomalyMap;
}

export function judge({ camera, sequence, time }: Frame, score: number, threshold: number): Verdict {
  return { camera, sequence, time, score, threshold, ratio: score / threshold, anomalous: score >= threshold };
}
