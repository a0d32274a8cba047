import type { Calibration } from '../../method/bundle/calibration.js';
import { binomialInterval } from '../../method/metrics/interval.js';
import { chooseThreshold, type RuleName } from './threshold-rules.js';

/**
 * The threshold that a rule gives for good images, with what there is to say for it; `calibration.json` of a bundle.
 */
export function calibrationOf(
  scores: Calibration['scores'],
  rule: RuleName,
  parameters: Readonly<Record<string, number>>,
): Calibration {
  const values = scores.map(({ score }) => score);
  const threshold = chooseThreshold(values, rule, parameters);
  return {
    rule: threshold.rule,
    parameters: threshold.parameters,
    threshold: threshold.value,
    falseAlarms: leaveOneOut(values, (others) => chooseThreshold(others, rule, parameters).value),
    scores,
  };
}

/**
 * How often the rule's threshold lies below a good image that it has not seen: each image is judged at the threshold
 * that the others give (leave-one-out), and the exact confidence interval says how little so few images can tell.
 */
function leaveOneOut(
  scores: readonly number[],
  thresholdOf: (scores: readonly number[]) => number,
): Calibration['falseAlarms'] {
  const above = scores.filter((score, left) => score >= thresholdOf(scores.filter((_, i) => i !== left)));
  return { count: above.length, images: scores.length, ...binomialInterval(above.length, scores.length) };
}

/** Says it in a line: how many of how many, and what that means for the next ones. */
export function describeFalseAlarms({ count, images, low, high }: Calibration['falseAlarms']): string {
  const percent = (share: number) => `${(100 * share).toFixed(1)} %`;
  return `${count} of ${images} held-out images are above the threshold that the others give: with 95 % confidence ${percent(low)} to ${percent(high)} of such good parts`;
}
