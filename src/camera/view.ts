import type { Picture } from '../data/image.js';

/** A rectangle, in parts of the picture's width and height: from 0 to 1. */
export interface Crop {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** What of a camera's picture is looked at: it is turned first, then cut. */
export interface View {
  /** Degrees, clockwise. */
  readonly rotate?: 0 | 90 | 180 | 270;
  readonly crop?: Crop;
}

/** ffmpeg's filters for a view, without a comma at the end; empty for the whole picture as it comes. */
export function viewFilters({ rotate = 0, crop }: View): string[] {
  const turns = { 0: [], 90: ['transpose=clock'], 180: ['hflip', 'vflip'], 270: ['transpose=cclock'] };
  if (!crop) return turns[rotate];
  const { left, top, width, height } = crop;
  // Without `exact` ffmpeg moves the rectangle to where the colours are sampled.
  const cut = `crop=w=round(iw*${width}):h=round(ih*${height}):x=round(iw*${left}):y=round(ih*${top}):exact=1`;
  return [...turns[rotate], cut];
}

/** The same for a decoded picture. */
export function viewOf(picture: Picture, { rotate = 0, crop }: View): Picture {
  const turned = turn(picture, rotate);
  return crop ? cut(turned, crop) : turned;
}

function turn({ width, height, pixels }: Picture, degrees: 0 | 90 | 180 | 270): Picture {
  if (degrees === 0) return { width, height, pixels };
  const [newWidth, newHeight] = degrees === 180 ? [width, height] : [height, width];
  const turned = new Uint8Array(pixels.length);
  for (let y = 0; y < newHeight; y++) {
    for (let x = 0; x < newWidth; x++) {
      const [sourceX, sourceY] = {
        90: [y, height - 1 - x],
        180: [width - 1 - x, height - 1 - y],
        270: [width - 1 - y, x],
      }[degrees];
      const from = (sourceY * width + sourceX) * 3;
      const to = (y * newWidth + x) * 3;
      turned[to] = pixels[from];
      turned[to + 1] = pixels[from + 1];
      turned[to + 2] = pixels[from + 2];
    }
  }
  return { width: newWidth, height: newHeight, pixels: turned };
}

function cut({ width, height, pixels }: Picture, crop: Crop): Picture {
  const [left, top] = [Math.round(width * crop.left), Math.round(height * crop.top)];
  const newWidth = Math.max(1, Math.min(width - left, Math.round(width * crop.width)));
  const newHeight = Math.max(1, Math.min(height - top, Math.round(height * crop.height)));
  const part = new Uint8Array(newWidth * newHeight * 3);
  for (let y = 0; y < newHeight; y++) {
    const from = ((top + y) * width + left) * 3;
    part.set(pixels.subarray(from, from + newWidth * 3), y * newWidth * 3);
  }
  return { width: newWidth, height: newHeight, pixels: part };
}
