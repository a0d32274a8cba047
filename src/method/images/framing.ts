import type { Picture } from './picture.js';
import type { Framing } from './preprocessing.js';

/** Shapes whose ratios of width to height differ by less than this factor count as one: a stretch that nobody sees. */
export const LIKE = 1.05;

/** The colour beside a padded picture: the mean of ImageNet, which the teacher sees as nothing. */
export const PADDING = [124, 116, 104] as const;

/** A part of a frame, in pixels. */
export interface Place {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** Whether a picture has the shape that fills the whole frame. */
export function fillsFrame({ width, height }: Pick<Picture, 'width' | 'height'>, { aspect }: Framing): boolean {
  if (aspect === undefined) return true;
  const ratio = width / height / aspect;
  return ratio >= 1 / LIKE && ratio <= LIKE;
}

/** Whether frames of two models show the same pictures alike; what stretches all of them, only with its like. */
export function sameShape(a: number | undefined, b: number | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a / b >= 1 / LIKE && a / b <= LIKE;
}

/**
 * Where a picture lies in a frame: all over it, or in the middle, as large as it can be without another stretch than
 * the others'.
 */
export function placement(picture: Pick<Picture, 'width' | 'height'>, framing: Framing): Place {
  const [height, width] = framing.size;
  if (framing.aspect === undefined || fillsFrame(picture, framing)) return { left: 0, top: 0, width, height };
  const ratio = picture.width / picture.height / framing.aspect;
  const own = {
    width: ratio < 1 ? Math.max(1, Math.round(width * ratio)) : width,
    height: ratio > 1 ? Math.max(1, Math.round(height / ratio)) : height,
  };
  return { ...own, left: Math.floor((width - own.width) / 2), top: Math.floor((height - own.height) / 2) };
}

/** A picture at its place in a frame of height and width `size`. */
export function pad({ pixels, ...picture }: Picture, { left, top }: Place, size: readonly [number, number]): Picture {
  const [height, width] = size;
  if (picture.width === width && picture.height === height) return { width, height, pixels };
  const framed = new Uint8Array(height * width * 3);
  for (let i = 0; i < framed.length; i++) framed[i] = PADDING[i % 3];
  for (let row = 0; row < picture.height; row++) {
    const line = pixels.subarray(row * picture.width * 3, (row + 1) * picture.width * 3);
    framed.set(line, ((top + row) * width + left) * 3);
  }
  return { width, height, pixels: framed };
}

/** Where the picture lies in a frame that has padding around it; undefined where it fills the frame. */
export function paddedPlace(frame: Picture, { aspect }: Framing): Place | undefined {
  if (aspect === undefined) return undefined;
  const place = placeIn(frame);
  return place.width < frame.width || place.height < frame.height ? place : undefined;
}

/** Where a frame's picture lies, found by the padding around it; all over a frame without. */
export function placeIn({ width, height, pixels }: Picture): Place {
  const isPadding = (x: number, y: number) => PADDING.every((value, i) => pixels[(y * width + x) * 3 + i] === value);
  const isColumn = (x: number) => isWhole(height, (y) => isPadding(x, y));
  const isRow = (y: number) => isWhole(width, (x) => isPadding(x, y));
  const [left, right] = between(width, isColumn);
  const [top, bottom] = between(height, isRow);
  return { left, top, width: right - left, height: bottom - top };
}

/** Width by height of the picture in a frame of `aspect` 1 that it does not fill, found by the padding. */
export function aspectIn(frame: Picture): number {
  const { width, height } = placeIn(frame);
  return (width / height) * (frame.height / frame.width);
}

function isWhole(length: number, isOne: (at: number) => boolean): boolean {
  for (let at = 0; at < length; at++) if (!isOne(at)) return false;
  return true;
}

/** What is left between the padded lines of both ends; something always is. */
function between(length: number, isPadded: (at: number) => boolean): [first: number, end: number] {
  let first = 0;
  while (first < length / 2 - 1 && isPadded(first)) first++;
  let end = length;
  while (end > length / 2 + 1 && isPadded(end - 1)) end--;
  return [first, end];
}
