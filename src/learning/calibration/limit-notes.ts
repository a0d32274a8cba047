import type { Limits } from './limits.js';
import { describeLack, supportOf } from './support.js';
import { type Calibrated, reviewFrom, thresholdFor } from './threshold.js';

/** What there is to know of a camera's limits, in a line. */
export interface Note {
  readonly text: string;
  /** They do not come to what was asked for. */
  readonly warning: boolean;
}

/** What comes of limits that are asked for as rates of false alarms; nothing where none is. */
export function limitNotes(model: Calibrated, { threshold, review }: Limits): Note[] {
  const limit = thresholdFor(model, threshold);
  const from = reviewFrom(model, { threshold, review });
  return [
    ...rateNote('anomalous', limit, threshold?.falseAlarms),
    ...(from === undefined ? [] : rateNote('for review', from * limit, review?.falseAlarms)),
    ...(review && from === undefined
      ? [{ text: `nothing is to be reviewed: the threshold, ${limit.toPrecision(4)}, is lower`, warning: true }]
      : []),
  ];

  function rateNote(what: string, score: number, wanted: number | undefined): Note[] {
    if (wanted === undefined) return [];
    const support = supportOf(model.calibration);
    const lack = describeLack(support, wanted);
    const about = `${what} from a score of ${score.toPrecision(4)} on, for ${percent(wanted)} of false alarms`;
    const text = `${about}; ${lack ?? `${support.images} held-out images can support that`}`;
    return [{ text, warning: lack !== undefined }];
  }
}

/** Without the noise of a division by 100. */
const percent = (share: number): string => `${Number((100 * share).toPrecision(6))} %`;
