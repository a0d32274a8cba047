import { InvalidArgumentError, Option } from 'commander';
import type { ConfiguredReview } from '../../learning/calibration/limits.js';
import { configuredReview } from '../../line/config/threshold.js';

/** The band below the threshold that is to be reviewed, as `review` of a configuration has it. */
export const reviewOption = (): Option =>
  new Option(
    '--review <band>',
    'mark frames between this limit and the threshold for review: a rate of false alarms (5%) or a part of the threshold (0.9)',
  ).argParser(band);

/** A parser for `5%` and `0.9`. */
export function band(text: string): ConfiguredReview {
  const { success, data } = configuredReview.safeParse(
    text.endsWith('%') ? { falseAlarms: text } : { factor: text.trim() === '' ? Number.NaN : Number(text) },
  );
  if (success) return data;
  throw new InvalidArgumentError('Expected a share from 0.01% to 50%, or a part of the threshold from 0.1 to 0.99.');
}
