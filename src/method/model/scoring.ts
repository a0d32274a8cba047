/** How a map becomes a score, by its name in recipes. */
export type ScoringName = 'max' | 'top2%' | 'top2%-mean';

/**
 * - `max`: its largest value.
 * - `top2%`: the mean of the largest fiftieth of its values.
 * - `top2%-mean`: that, less a part of the mean of all: what light, blur or noise add to the whole picture says little
 *   then.
 */
export interface Scoring {
  readonly by: ScoringName;
  /**
   * The highest mean of all that is taken off: no more than good pictures have, or a part that is odd all over would
   * pass. No limit when absent.
   */
  readonly background?: number;
}

/**
 * How many of a map's values such a score is the mean of: as many on a frame of tiles as on one tile, for a defect is
 * no larger there.
 */
export const topCount = (values: number, tiles = 1): number => Math.max(1, Math.round((0.02 * values) / tiles));

/** The part of the mean that `top2%-mean` takes off. */
export const MEAN_PART = 0.75;
