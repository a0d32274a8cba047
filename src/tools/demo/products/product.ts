import type { Random } from '../../../common/random.js';

/** Height and width of a picture of a product, in pixels; its SVG is drawn in these units. */
export const PICTURE = 320;

/** What is wrong with a part, drawn over it: the same shapes in white are its mask. */
export interface Defect {
  /** SVG of the defect as the camera sees it. */
  readonly svg: string;
  /** SVG of the same area, without colours of its own: what the mask is made of. */
  readonly area: string;
}

/** One part of a product as SVG. */
export interface Drawing {
  /** The belt below and the part, good. */
  readonly svg: string;
  /** Where the part is: an SVG `transform` that its defects share. */
  readonly place: string;
  readonly defect?: Defect;
}

/** A product that the demo can make: parts with natural variation, and defects of several kinds. */
export interface Product {
  readonly name: string;
  /** Height and width of its pictures in pixels; `PICTURE` when absent. */
  readonly side?: number;
  /** How coarse and how strong its surface is, for the noise that is laid over it. */
  readonly grain: { readonly horizontal: number; readonly amount: number };
  /** Kinds of defect, each drawn at random. */
  readonly kinds: Readonly<Record<string, (random: Random) => Defect>>;
  /** A good part. */
  part(random: Random): { svg: string; place: string };
}

export const between = (random: Random, low: number, high: number): number => low + (high - low) * random();

export const oneOf = <Item>(random: Random, items: readonly Item[]): Item => items[Math.floor(random() * items.length)];

/** Small shifts and turns around the middle: no part lies exactly where the last one did. */
export function jitter(random: Random, { shift = 3, turn = 1.2 } = {}): string {
  const [x, y] = [between(random, -shift, shift), between(random, -shift, shift)];
  const angle = between(random, -turn, turn);
  return `translate(${x.toFixed(2)} ${y.toFixed(2)}) rotate(${angle.toFixed(2)} ${PICTURE / 2} ${PICTURE / 2})`;
}
