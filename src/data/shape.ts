import { fillsFrame } from './framing.js';
import type { Picture } from './image.js';
import type { Framing } from './preprocessing.js';

/** Pixels of a frame's shorter side, as the method was published. */
const SHORTER = 256;
/** The backbone halves a picture four times. */
export const STEP = 16;
/** The longer side has at most so many times the shorter: it costs as much more. */
const LARGEST_RATIO = 4;

/** The frames of a product, and how its pictures fit into them. */
export interface FrameShape extends Framing {
  readonly aspect: number;
  /** Pictures of another shape than most, which are padded. */
  readonly padded: number;
  /** Computation, as a multiple of that of the published 256 x 256. */
  readonly cost: number;
}

type Dimensions = Pick<Picture, 'width' | 'height'>;

/**
 * The shape of frames for these pictures: that of the median picture, with a shorter side of 256 pixels, each side a multiple of 16, the longer
 * one at most 4 times the shorter.
 *
 * @param size height and width, instead of the pictures' own shape
 */
export function shapeOf(pictures: readonly Dimensions[], size?: readonly [number, number]): FrameShape {
  const aspects = pictures.map(({ width, height }) => width / height).sort((a, b) => a - b);
  const aspect = Number(aspects[Math.floor((aspects.length - 1) / 2)].toPrecision(6));
  const chosen = size ?? sizeFor(aspect);
  const padded = pictures.filter((picture) => !fillsFrame(picture, { size: chosen, aspect })).length;
  return { size: chosen, aspect, padded, cost: (chosen[0] * chosen[1]) / SHORTER ** 2 };
}

function sizeFor(aspect: number): [number, number] {
  const longer = STEP * Math.round((SHORTER * Math.min(LARGEST_RATIO, Math.max(aspect, 1 / aspect))) / STEP);
  return aspect >= 1 ? [SHORTER, longer] : [longer, SHORTER];
}
