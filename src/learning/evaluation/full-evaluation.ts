import type { Bundle } from '../../method/bundle/read.js';
import type { ConfiguredReview } from '../calibration/limits.js';
import { type SceneShift, sceneShift } from '../calibration/scene.js';
import { reviewFrom } from '../calibration/threshold.js';
import { type Evaluation, evaluateJudged } from './evaluate.js';
import type { JudgedImages } from './judge-tests.js';
import { type ReviewBand, reviewBand } from './review-band.js';

/** All that can be told of judged images, and how they lie to what the bundle was calibrated on. */
export interface FullEvaluation extends Evaluation {
  /** The band to be reviewed, where one is asked for and the threshold leaves some of it. */
  readonly review?: ReviewBand;
  /** Of the good images; where there are enough to tell. */
  readonly scene?: SceneShift;
}

export function evaluateFully(bundle: Bundle, judged: JudgedImages, review?: ConfiguredReview): FullEvaluation {
  const { threshold, calibration } = bundle;
  const from = reviewFrom(bundle, { review });
  const good = judged.images.filter(({ kind }) => kind === 'good').map(({ score }) => score);
  const scene = sceneShift(good, calibration.scores);
  return {
    ...evaluateJudged(judged, threshold),
    ...(from !== undefined && { review: reviewBand(judged.images, from * threshold, threshold) }),
    ...(scene && { scene }),
  };
}
