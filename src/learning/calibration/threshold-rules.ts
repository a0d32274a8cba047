import { median, quantile } from '../../method/metrics/robust.js';
import { studentQuantile } from './student-t.js';

/** A threshold and how it came about; part of the manifest. */
export interface Threshold {
  /** Frames that score this much or more are anomalous. */
  readonly value: number;
  readonly rule: string;
  readonly parameters: Record<string, number>;
}

interface Rule {
  readonly description: string;
  readonly defaults: Readonly<Record<string, number>>;
  readonly threshold: (scores: readonly number[], parameters: Readonly<Record<string, number>>) => number;
}

/** The quantile of 0.9 of a normal distribution, in standard deviations. */
const NORMAL_90 = 1.2816;

/** Rules that need nothing but the scores of good images that the student did not train on. */
export const thresholdRules = {
  max: {
    description: 'the largest score, and a margin (part of it) above',
    defaults: { margin: 0.1 },
    threshold: (scores, { margin }) => Math.max(...scores) * (1 + margin),
  },
  quantile: {
    description: 'a quantile of the scores, interpolated, and a margin (part of it) above',
    defaults: { quantile: 0.99, margin: 0.1 },
    threshold: (scores, { quantile: share, margin }) => quantile(scores, share) * (1 + margin),
  },
  'prediction-bound': {
    description:
      'what the next good score stays below with this probability, were scores normal: the fewer scores there are, the further above them; and a margin (part of it) above, for tails that are heavier',
    defaults: { probability: 0.999, margin: 0 },
    threshold: (scores, { probability, margin }) => {
      const reach = studentQuantile(probability, scores.length - 1) * Math.sqrt(1 + 1 / scores.length);
      return (mean(scores) + reach * standardDeviation(scores)) * (1 + margin);
    },
  },
  'median-spread': {
    description:
      'what the next good score stays below but for this share of false alarms, by the median and the distance from there to the quantile of 0.9: the fewer scores there are, the further above. A few bad images among them move it little',
    defaults: { falseAlarms: 0.01 },
    threshold: (scores, { falseAlarms }) => {
      const middle = median(scores);
      const spread = (quantile(scores, 0.9) - middle) / NORMAL_90;
      const reach = studentQuantile(1 - falseAlarms, Math.max(1, scores.length - 1)) * Math.sqrt(1 + 1 / scores.length);
      return middle + reach * spread;
    },
  },
  'mean-sigma': {
    description: 'the mean, and a number of standard deviations above',
    defaults: { sigmas: 3 },
    threshold: (scores, { sigmas }) => mean(scores) + sigmas * standardDeviation(scores),
  },
} as const satisfies Record<string, Rule>;

export type RuleName = keyof typeof thresholdRules;

/**
 * Chooses the threshold from the scores of good validation images.
 *
 * @param scores at least one
 * @param parameters instead of the rule's defaults
 */
export function chooseThreshold(
  scores: readonly number[],
  rule: RuleName,
  parameters: Readonly<Record<string, number>> = {},
): Threshold {
  if (scores.length === 0) throw new RangeError('a threshold needs at least one score');
  const { defaults, threshold }: Rule = thresholdRules[rule];
  const unknown = Object.keys(parameters).filter((name) => !(name in defaults));
  if (unknown.length > 0) throw new RangeError(`rule ${rule} has no parameter ${unknown.join(', ')}`);
  const used = { ...defaults, ...parameters };
  return { value: threshold(scores, used), rule, parameters: used };
}

function mean(scores: readonly number[]): number {
  return scores.reduce((sum, score) => sum + score, 0) / scores.length;
}

/** Of a sample (n - 1); 0 for a single score. */
function standardDeviation(scores: readonly number[]): number {
  const average = mean(scores);
  const squares = scores.reduce((sum, score) => sum + (score - average) ** 2, 0);
  return Math.sqrt(squares / Math.max(1, scores.length - 1));
}
