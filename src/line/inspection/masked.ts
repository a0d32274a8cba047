import type { AnomalyMap } from '../../method/detector/anomaly-map.js';
import { scoreOf } from '../../method/detector/scoring.js';
import type { Scoring } from '../../method/model/scoring.js';
import type { Mask } from './ignored.js';

/**
 * A map of which a part does not count: 0 there, and the score of the rest.
 *
 * @param scoring of the bundle that made the map
 * @param tiles how many the map is of
 * @throws RangeError for a mask of another size: it was made for another map
 */
export function scoreMasked(
  { values, size }: AnomalyMap,
  mask: Mask,
  scoring: Scoring,
  tiles = 1,
): { readonly score: number; readonly map: AnomalyMap } {
  if (mask.size[0] !== size[0] || mask.size[1] !== size[1]) {
    throw new RangeError(`a mask of ${mask.size.join(' x ')} for a map of ${size.join(' x ')}`);
  }
  const counted = values.filter((_, i) => mask.pixels[i] === 0);
  return {
    score: scoreOf(counted, scoring, tiles),
    map: { values: values.map((value, i) => (mask.pixels[i] ? 0 : value)), size },
  };
}
