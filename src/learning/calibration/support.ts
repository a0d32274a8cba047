import type { Calibration } from '../../method/bundle/calibration.js';

/** What so many held-out images can support. */
export interface Support {
  /** Images that the model did not learn from. */
  readonly images: number;
  /**
   * The lowest rate of false alarms that they can: the next score lies above all of n with a probability of one in n +
   * 1.
   */
  readonly least: number;
}

export function supportOf({ scores }: Pick<Calibration, 'scores'>): Support {
  const images = scores.filter(({ degraded }) => !degraded).length;
  return { images, least: 1 / (images + 1) };
}

/** Says in a line that a rate is asked for that so few images cannot support; undefined where they can. */
export function describeLack(
  { images, least }: Support,
  falseAlarms: number | undefined,
  what = 'held-out images',
): string | undefined {
  if (falseAlarms === undefined || falseAlarms >= least) return undefined;
  return `with ${images} ${what} no rule can promise less than ${(100 * least).toFixed(1)} % of false alarms`;
}
