import { pairedBootstrap } from '../../method/metrics/bootstrap.js';
import { binomialInterval } from '../../method/metrics/interval.js';
import type { ScoredImage } from './judge-tests.js';

/** What a bundle says of the images of an evaluation set. */
export interface Candidate {
  readonly images: readonly ScoredImage[];
  readonly threshold: number;
}

/** Whether a bundle may take the place of the one in use. */
export interface Succession {
  readonly worse: boolean;
  /** One line for each figure that was compared. */
  readonly reasons: readonly string[];
}

/**
 * Compares a new bundle with the one in use on the same images, in the same order. It is worse when chance does not
 * explain, with 95 % confidence, that
 *
 * - its image AUROC is lower, by the paired bootstrap: the interval of the difference lies below 0;
 * - it raises more false alarms, or catches fewer defects, at its threshold. Of the images on which the two disagree,
 *   more than half go against the new one: the exact interval of their share lies above one half (McNemar's test, 1947,
 *   in its exact form).
 *
 * Good images alone tell of false alarms only.
 */
export function compareForUse(old: Candidate, fresh: Candidate): Succession {
  const labels = old.images.map(({ kind }) => kind !== 'good');
  const figures = [
    auroc(old, fresh, labels),
    wrongVerdicts('false alarms', old, fresh, labels, false),
    wrongVerdicts('defects missed', old, fresh, labels, true),
  ].filter((figure) => figure !== undefined);
  return {
    worse: figures.some(({ worse }) => worse),
    reasons: figures.map(({ worse, text }) => `${text}: ${worse ? 'worse' : 'not worse'}`),
  };
}

interface Figure {
  readonly worse: boolean;
  readonly text: string;
}

function auroc(old: Candidate, fresh: Candidate, labels: readonly boolean[]): Figure | undefined {
  const [before, after] = [old, fresh].map(({ images }) => images.map(({ score }) => score));
  const found = pairedBootstrap(before, after, labels);
  if (!found) return undefined;
  const { difference, low, high } = found;
  return {
    worse: high < 0,
    text: `image AUROC ${signed(difference)} (95 % between ${signed(low)} and ${signed(high)})`,
  };
}

/** Of the good images, or of the defective ones; undefined where there are none. */
function wrongVerdicts(
  what: string,
  old: Candidate,
  fresh: Candidate,
  labels: readonly boolean[],
  defective: boolean,
): Figure | undefined {
  const wrong = ({ images, threshold }: Candidate) =>
    images.filter((_, i) => labels[i] === defective).map(({ score }) => score >= threshold !== defective);
  const [before, after] = [wrong(old), wrong(fresh)];
  if (before.length === 0) return undefined;
  const against = after.filter((now, i) => now && !before[i]).length;
  const disagreed = after.filter((now, i) => now !== before[i]).length;
  const count = (verdicts: readonly boolean[]) => verdicts.filter(Boolean).length;
  return {
    worse: binomialInterval(against, disagreed).low > 0.5,
    text: `${what} ${count(after)} of ${after.length}, where it was ${count(before)}`,
  };
}

const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(4)}`;
