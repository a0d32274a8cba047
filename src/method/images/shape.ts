import { fillsFrame } from './framing.js';
import type { Picture } from './picture.js';
import type { Framing } from './preprocessing.js';
import { frameOf, STEP, spans, type Tiles, tileCount, tileGrid } from './tiles.js';

/** Pixels of a frame's shorter side, as the method was published. */
const SHORTER = 256;
/** The longer side has at most so many times the shorter: it costs as much more. */
const LARGEST_RATIO = 4;

/** The frames of a product, and how its pictures fit into them. */
export interface FrameShape extends Framing {
  readonly aspect: number;
  /** Pictures of another shape than most, which are padded. */
  readonly padded: number;
  /** Computation, as a multiple of that of the published 256 x 256. */
  readonly cost: number;
  readonly tiles?: Tiles;
}

type Dimensions = Pick<Picture, 'width' | 'height'>;

/**
 * The shape of frames for these pictures: that of the median picture, with a shorter side of 256 pixels, each side a
 * multiple of 16, the longer one at most 4 times the shorter. In tiles, each of them has that size, as far as they do
 * not overlap.
 *
 * @param size height and width, instead of the pictures' own shape
 */
export function shapeOf(pictures: readonly Dimensions[], size?: readonly [number, number], tiles?: Tiles): FrameShape {
  const aspects = pictures.map(({ width, height }) => width / height).sort((a, b) => a - b);
  const aspect = Number(aspects[Math.floor((aspects.length - 1) / 2)].toPrecision(6));
  const [rows, columns] = spans(tiles);
  const chosen = size ?? frameOf(sizeFor((aspect * rows) / columns), tiles);
  const [height, width] = tileGrid({ size: chosen, tiles })?.size ?? chosen;
  const padded = pictures.filter((picture) => !fillsFrame(picture, { size: chosen, aspect })).length;
  return { size: chosen, aspect, padded, cost: (tileCount(tiles) * height * width) / SHORTER ** 2, tiles };
}

function sizeFor(aspect: number): [number, number] {
  const longer = STEP * Math.round((SHORTER * Math.min(LARGEST_RATIO, Math.max(aspect, 1 / aspect))) / STEP);
  return aspect >= 1 ? [SHORTER, longer] : [longer, SHORTER];
}
