/** How a map becomes a score: its largest value, or the mean of the largest fiftieth of its values. */
export type Scoring = 'max' | 'top2%';

/** How many of a map's values a `top2%` score is the mean of: as many on a frame of tiles as on one tile, for a defect is no larger there. */
export const topCount = (values: number, tiles = 1): number => Math.max(1, Math.round((0.02 * values) / tiles));
