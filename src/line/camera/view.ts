import sharp, { type Region, type Sharp } from 'sharp';
import type { Picture } from '../../method/images/picture.js';

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

/** The same for a decoded picture, off the event loop. */
export async function viewOf(picture: Picture, { rotate = 0, crop }: View): Promise<Picture> {
  const turned = rotate === 0 ? picture : await drawn(open(picture).rotate(rotate));
  return crop ? drawn(open(turned).extract(pixelsOf(turned, crop))) : turned;
}

function pixelsOf({ width, height }: Picture, crop: Crop): Region {
  const [left, top] = [Math.round(width * crop.left), Math.round(height * crop.top)];
  return {
    left,
    top,
    width: Math.max(1, Math.min(width - left, Math.round(width * crop.width))),
    height: Math.max(1, Math.min(height - top, Math.round(height * crop.height))),
  };
}

function open({ width, height, pixels }: Picture): Sharp {
  return sharp(pixels, { raw: { width, height, channels: 3 }, limitInputPixels: false });
}

async function drawn(image: Sharp): Promise<Picture> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, pixels: data };
}
