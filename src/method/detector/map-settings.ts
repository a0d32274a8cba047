import { z } from 'zod';
import { KdadError } from '../../common/errors.js';
import { tileCount } from '../images/tiles.js';
import type { Scoring } from '../model/scoring.js';
import type { Size } from './anomaly-map.js';
import type { DetectorSource } from './detector.js';

/**
 * The part of a recipe that says how the layers' distances become a map, and the map a score; the manifest keeps it as
 * it was written.
 */
const recipe = z.looseObject({
  map: z.object({
    combine: z.enum(['product', 'geometric-mean', 'sum', 'relative-mean', 'relative-max']),
    blur: z.number().nonnegative(),
    downscale: z.number().positive(),
  }),
  /** Bundles that do not say it score by the largest value. */
  score: z.enum(['max', 'top2%', 'top2%-mean']).default('max'),
});

type Recipe = z.infer<typeof recipe>;

export interface MapSettings extends Pick<Recipe['map'], 'combine' | 'blur'> {
  readonly size: Size;
  readonly scoring: Scoring;
  /** How many tiles the map is of. */
  readonly tiles: number;
}

/**
 * How a bundle's detector makes its map and its score.
 * @throws KdadError BUNDLE_UNSUPPORTED for a recipe whose map is not known
 */
export function mapSettingsOf({
  directory,
  manifest: { recipe: written, preprocessing, detector },
}: Pick<DetectorSource, 'directory' | 'manifest'>): MapSettings {
  const result = recipe.safeParse(written);
  if (!result.success) {
    const message = `${directory}: its recipe (${written.name}) does not say how the anomaly map is made`;
    throw new KdadError('BUNDLE_UNSUPPORTED', message, { cause: result.error });
  }
  const { map, score } = result.data;
  const [height, width] = preprocessing.size;
  return {
    combine: map.combine,
    blur: map.blur,
    size: [height / map.downscale, width / map.downscale],
    scoring: { by: score, background: detector.background },
    tiles: tileCount(preprocessing.tiles),
  };
}
