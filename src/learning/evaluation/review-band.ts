import type { ScoredImage } from './judge-tests.js';

/** Images that lie below the threshold, but are to be reviewed. */
export interface ReviewBand {
  /** The lowest score of the band; it ends below the threshold. */
  readonly from: number;
  readonly good: number;
  /** Those that would be missed without it. */
  readonly defective: number;
}

export function reviewBand(images: readonly ScoredImage[], from: number, threshold: number): ReviewBand {
  const within = images.filter(({ score }) => score >= from && score < threshold);
  const good = within.filter(({ kind }) => kind === 'good').length;
  return { from, good, defective: within.length - good };
}
