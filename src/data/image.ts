import { readFile } from 'node:fs/promises';
import sharp from 'sharp';
import { KdadError } from '../errors.js';
import { decodeBmp, isBmp } from './bmp.js';
import type { Preprocessing } from './preprocessing.js';
import { resampleBilinear } from './resample.js';

/** A decoded picture: RGB, 8 bits, height x width x 3. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** Takes 300 MB once decoded; small files that claim more (decompression bombs) are refused before they are decoded. */
const maxPixels = 100_000_000;

/**
 * Decodes an image file at its own size, upright by its EXIF orientation. Every format becomes 8-bit RGB: grey is
 * repeated, 16 bits are scaled, CMYK is converted, transparency is dropped and shows the colour below. Colour profiles
 * are ignored, as ffmpeg ignores them in a camera's stream.
 *
 * @throws KdadError IMAGE_UNREADABLE naming the file and what is wrong with it
 */
export async function decodePicture(path: string): Promise<Picture> {
  try {
    const file = await readFile(path);
    if (file.length === 0) throw new Error('the file is empty');
    return isBmp(file) ? decodeBmp(file, maxPixels) : await decodeWithSharp(file);
  } catch (error) {
    throw new KdadError('IMAGE_UNREADABLE', `${path}: ${reason(error as Error)}`, { cause: error });
  }
}

/**
 * Decodes an image file to the detector's input.
 *
 * @returns RGB, height x width x 3 of `preprocessing.size`
 * @throws KdadError IMAGE_UNREADABLE naming the file and what is wrong with it
 */
export async function decodeImage(path: string, { size }: Pick<Preprocessing, 'size'>): Promise<Uint8Array> {
  return (await resizePicture(await decodePicture(path), size)).pixels;
}

/**
 * Bilinear, antialiased resize to the height and width of `size`, without keeping the aspect ratio. sharp shrinks ten
 * times faster than we do, and alike; but it shifts a picture that it enlarges by half a pixel.
 */
export async function resizePicture(picture: Picture, size: readonly [number, number]): Promise<Picture> {
  const [height, width] = size;
  if (picture.height === height && picture.width === width) return picture;
  if (height > picture.height || width > picture.width) {
    const enlarged = resampleBilinear(picture.pixels, 3, [picture.height, picture.width], size);
    return { width, height, pixels: new Uint8Array(Uint8ClampedArray.from(enlarged).buffer) };
  }
  const raw = { width: picture.width, height: picture.height, channels: 3 as const };
  const pixels = await sharp(picture.pixels, { raw, limitInputPixels: false })
    .resize(width, height, { fit: 'fill', kernel: 'linear' })
    .raw()
    .toBuffer();
  return { width, height, pixels };
}

/** A picture as a PNG file, without loss. */
export function encodePng({ pixels, width, height }: Picture): Promise<Buffer> {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/**
 * Reads a ground-truth mask: 1 where its nearest pixel is not black, 0 elsewhere.
 *
 * @param size height and width to sample it at
 * @throws KdadError IMAGE_UNREADABLE
 */
export async function readMask(path: string, [height, width]: readonly [number, number]): Promise<Uint8Array> {
  const { pixels, ...picture } = await decodePicture(path);
  const mask = new Uint8Array(height * width);
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((y + 0.5) * picture.height) / height) * picture.width;
    for (let x = 0; x < width; x++) {
      const pixel = (row + Math.floor(((x + 0.5) * picture.width) / width)) * 3;
      mask[y * width + x] = pixels[pixel] + pixels[pixel + 1] + pixels[pixel + 2] > 0 ? 1 : 0;
    }
  }
  return mask;
}

/** Decoding at full size before any resize keeps transparent pixels from bleeding into their neighbours. */
async function decodeWithSharp(file: Buffer): Promise<Picture> {
  const image = sharp(file, { failOn: 'error', limitInputPixels: maxPixels, ignoreIcc: true });
  const { depth } = await image.metadata();
  if (depth === 'float' || depth === 'double') throw new Error('floating-point pixels have no defined white');
  const { data, info } = await image
    .autoOrient()
    .toColourspace('srgb')
    .removeAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, pixels: data };
}

function reason(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'no such file';
  if (error.code === 'EISDIR') return 'this is a folder';
  if (error.code === 'EACCES') return 'no permission to read it';
  if (error.message.includes('unsupported image format')) return 'not an image of a known format';
  if (error.message.includes('exceeds pixel limit')) return `too large: more than ${maxPixels / 1e6} megapixels`;
  const message = error.message.trim().replaceAll(/\s*\n\s*/g, '; ');
  return /vips|corrupt/i.test(message) ? `the file is damaged or truncated (${message})` : message;
}
