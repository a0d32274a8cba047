import type { AnomalyMap } from '../../method/detector/anomaly-map.js';
import type { Frame } from '../camera/frame.js';
import type { FrameScene } from './frame-scene.js';

/** `review`: not anomalous, but somebody should look at it; only where a band for that is configured. */
export type Decision = 'good' | 'review' | 'anomalous';

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
  readonly verdict: Decision;
  /** Where the frame as a whole is not what the model learned. */
  readonly scene?: FrameScene;
}

/** A verdict with what it was passed on. */
export interface JudgedFrame {
  readonly verdict: Verdict;
  readonly frame: Frame;
  /** The anomaly map of an anomalous frame. */
  readonly map?: AnomalyMap;
}

/**
 * @param review the part of the threshold from which on a frame is to be reviewed; undefined where none is
 * @param scene of the frame; null where it is as it should be
 */
export function verdictOf(
  { camera, sequence, time }: Frame,
  score: number,
  threshold: number,
  { review, scene = null }: { readonly review?: number; readonly scene?: FrameScene | null } = {},
): Verdict {
  const verdict = decide(score, threshold, review);
  const told = sceneBy(scene, verdict);
  return {
    camera,
    sequence,
    time,
    score,
    threshold,
    ratio: score / threshold,
    anomalous: verdict === 'anomalous',
    verdict,
    ...(told && { scene: told }),
  };
}

/** A frame that is good is of no other scene; too dark or blurred it may be all the same. */
export function sceneBy(scene: FrameScene | null, verdict: Decision): FrameScene | undefined {
  return scene === null || (scene === 'other' && verdict !== 'anomalous') ? undefined : scene;
}

/** @param review see `judge` */
export function decide(score: number, threshold: number, review?: number): Decision {
  if (score >= threshold) return 'anomalous';
  return review !== undefined && score >= review * threshold ? 'review' : 'good';
}
