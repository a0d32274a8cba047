import { readFile, stat } from 'node:fs/promises';
import sharp, { type Metadata, type Sharp } from 'sharp';
import { KdadError } from '../../common/errors.js';
import { decodeBmp } from './bmp.js';
import { formatOf, isAnimatedPng } from './format.js';
import { fillsFrame, pad, placement } from './framing.js';
import { checkSize, maxFileBytes } from './limits.js';
import type { Picture } from './picture.js';
import type { Framing } from './preprocessing.js';
import { resampleBilinear } from './resample.js';
import { type DeepPicture, type KnownBits, largestOf, saturate, toEightBits } from './sample-bits.js';

/**
 * Decodes an image file at its own size, upright by its EXIF orientation. Every format becomes 8-bit RGB: grey is
 * repeated, 16 bits are brought to 8, CMYK is converted, transparency is dropped and shows the colour below. Colour
 * profiles are ignored, as ffmpeg ignores them in a camera's stream. Files with several pictures, and samples without a
 * sure white, are refused.
 *
 * @param known what 16-bit samples mean
 * @throws KdadError IMAGE_UNREADABLE naming the file and what is wrong with it
 */
export async function decodePicture(path: string, known?: KnownBits): Promise<Picture> {
  const { width, height, pixels } = await decode(path, (deep) => toEightBits(deep, known));
  return { width, height, pixels };
}

/**
 * Decodes an image file to the detector's input.
 *
 * @returns RGB, height x width x 3 of `preprocessing.size`
 * @throws KdadError IMAGE_UNREADABLE naming the file and what is wrong with it
 */
export async function decodeImage(path: string, { sampleBits, ...framing }: Framing): Promise<Uint8Array> {
  const shrunk = await reading(path, async () => {
    const opened = await open(path);
    // Pixels of these can be shrunk as they come, so that the whole picture is never in memory.
    if (opened.kind !== 'image' || !fillsFrame(opened.metadata, framing)) return undefined;
    const { size } = framing;
    if (!shrinksAlike(opened.metadata, size)) return undefined;
    const image = opened.image.resize(size[1], size[0], { fit: 'fill', kernel: 'linear', fastShrinkOnLoad: false });
    return (await raw(image.toColourspace('srgb'))).pixels;
  });
  return shrunk ?? (await framePicture(await decodePicture(path, sampleBits), framing)).pixels;
}

/**
 * Bilinear, antialiased resize to the height and width of `size`, without keeping the aspect ratio. sharp shrinks ten
 * times faster than we do, and alike; but it shifts a picture that it enlarges by half a pixel.
 */
export async function resizePicture(picture: Picture, size: readonly [number, number]): Promise<Picture> {
  const [height, width] = size;
  const shrunk = await shrink(picture, Math.min(height, picture.height), Math.min(width, picture.width));
  if (shrunk.height === height && shrunk.width === width) return shrunk;
  const enlarged = resampleBilinear(shrunk.pixels, 3, [shrunk.height, shrunk.width], size);
  return { width, height, pixels: new Uint8Array(Uint8ClampedArray.from(enlarged).buffer) };
}

/** A picture as the frame that the detector sees. */
export async function framePicture(picture: Picture, framing: Framing): Promise<Picture> {
  const place = placement(picture, framing);
  return pad(await resizePicture(picture, [place.height, place.width]), place, framing.size);
}

/** What is known of an image file before it is decoded for good. */
export interface Surveyed {
  /** Upright by its EXIF orientation. */
  readonly width: number;
  readonly height: number;
  /** The largest sample of a 16-bit file. */
  readonly largest?: number;
}

/**
 * Looks at an image file: its size and, in 16 bits, how large its samples are.
 * @throws KdadError IMAGE_UNREADABLE naming the file and what is wrong with it
 */
export function surveyPicture(path: string): Promise<Surveyed> {
  return reading(path, async () => {
    const opened = await open(path);
    if (opened.kind === 'image') return opened.metadata.autoOrient;
    const { width, height, ...picture } = opened.kind === 'bmp' ? await decodeBmp(opened.file) : await readDeep(opened);
    return { width, height, ...('samples' in picture && { largest: await largestOf(picture) }) };
  });
}

/** A picture as a PNG file, without loss. */
export function encodePng({ pixels, width, height }: Picture): Promise<Buffer> {
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}

/**
 * Reads a ground-truth mask: 1 where its nearest pixel is not black, 0 elsewhere. In a JPEG, whose edges are never
 * clean, 1 where it is nearer to its brightest colour.
 *
 * @param size height and width to sample it at; with an `aspect`, the frame of this size that the picture lies in
 * @throws KdadError IMAGE_UNREADABLE
 */
export async function readMask(path: string, size: readonly [number, number], aspect?: number): Promise<Uint8Array> {
  const [height, width] = size;
  const { pixels, isJpeg, ...picture } = await decode(path, saturate);
  const sumAt = (at: number) => pixels[at] + pixels[at + 1] + pixels[at + 2];
  let black = 0;
  if (isJpeg) {
    for (let at = 0; at < pixels.length; at += 3) black = Math.max(black, sumAt(at) / 2);
  }
  const mask = new Uint8Array(height * width);
  const place = placement(picture, { size, aspect });
  for (let y = 0; y < place.height; y++) {
    const row = Math.floor(((y + 0.5) * picture.height) / place.height) * picture.width;
    const line = (place.top + y) * width + place.left;
    for (let x = 0; x < place.width; x++) {
      const pixel = (row + Math.floor(((x + 0.5) * picture.width) / place.width)) * 3;
      mask[line + x] = sumAt(pixel) > black ? 1 : 0;
    }
  }
  return mask;
}

/** @param toPixels makes 8-bit RGB of 16-bit samples */
function decode(
  path: string,
  toPixels: (deep: DeepPicture) => Promise<Uint8Array>,
): Promise<Picture & { readonly isJpeg?: boolean }> {
  return reading(path, async () => {
    const opened = await open(path);
    if (opened.kind === 'bmp') return decodeBmp(opened.file);
    if (opened.kind === 'image') {
      const isJpeg = opened.metadata.format === 'jpeg';
      return { ...(await raw(opened.image.toColourspace('srgb').removeAlpha())), isJpeg };
    }
    const deep = await readDeep(opened);
    return { width: deep.width, height: deep.height, pixels: await toPixels(deep) };
  });
}

/**
 * A file whose header has been found good. Decoding at full size before any resize keeps transparent pixels from
 * bleeding into their neighbours.
 */
type Opened =
  | { readonly kind: 'bmp'; readonly file: Buffer }
  | { readonly kind: 'image' | 'deep'; readonly image: Sharp; readonly metadata: Metadata };

async function open(path: string): Promise<Opened> {
  const info = await stat(path);
  if (info.isDirectory()) throw new Error('this is a folder');
  if (!info.isFile()) throw new Error('this is no file');
  if (info.size === 0) throw new Error('the file is empty');
  if (info.size > maxFileBytes) throw new Error(`too large: a file of ${Math.round(info.size / 1e6)} MB`);
  const file = await readFile(path);
  const format = formatOf(file.subarray(0, 1024));
  if (format.read === undefined) throw new Error(format.problem);
  if (format.read === 'bmp') return { kind: 'bmp', file };
  if (format.read === 'png' && isAnimatedPng(file)) throw new Error('an animated PNG; expected one picture');
  const image = sharp(file, { failOn: 'error', limitInputPixels: false, ignoreIcc: true }).autoOrient();
  const metadata = await image.metadata();
  if (metadata.format !== format.read) throw new Error(`${metadata.format} that begins like ${format.read}`);
  checkSize(metadata.width, metadata.height);
  if ((metadata.pages ?? 1) > 1) throw new Error(`${metadata.pages} pages or frames; expected one picture`);
  return { kind: isDeep(metadata) ? 'deep' : 'image', image, metadata };
}

/** @throws Error for samples whose black and white nothing defines */
function isDeep({ depth, space, channels }: Metadata): boolean {
  if (space === 'multiband') throw new Error(`${channels} channels; expected grey or RGB`);
  if (depth === 'uchar') return false;
  if (depth === 'ushort' && (space === 'grey16' || space === 'rgb16')) return true;
  const names: Record<string, string> = {
    char: 'signed 8-bit',
    ushort: `16-bit ${space}`,
    short: 'signed 16-bit',
    uint: '32-bit',
    int: 'signed 32-bit',
    float: 'floating-point',
    double: 'floating-point',
  };
  throw new Error(`${names[depth] ?? depth} samples have no sure black and white; expected 8 or 16 bits, unsigned`);
}

async function readDeep({ image, metadata }: Extract<Opened, { image: Sharp }>): Promise<DeepPicture> {
  const space = metadata.space as 'grey16' | 'rgb16';
  const plain = image.pipelineColourspace(space).toColourspace(space).removeAlpha();
  const { data, info } = await plain.raw({ depth: 'ushort' }).toBuffer({ resolveWithObject: true });
  const samples = new Uint16Array(data.buffer, data.byteOffset, data.length / 2);
  return { width: info.width, height: info.height, channels: info.channels as 1 | 3, samples };
}

async function raw(image: Sharp): Promise<Picture> {
  const { data, info } = await image.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, pixels: data };
}

/** Whether shrinking a picture's samples before it is turned and becomes RGB makes no difference. */
function shrinksAlike(
  { width, height, orientation = 1, hasAlpha, space }: Metadata,
  size: readonly [number, number],
): boolean {
  const plain = orientation === 1 && !hasAlpha && (space === 'srgb' || space === 'b-w');
  return plain && height >= size[0] && width >= size[1];
}

async function shrink(picture: Picture, height: number, width: number): Promise<Picture> {
  if (picture.height === height && picture.width === width) return picture;
  const image = { width: picture.width, height: picture.height, channels: 3 as const };
  return raw(
    sharp(picture.pixels, { raw: image, limitInputPixels: false }).resize(width, height, {
      fit: 'fill',
      kernel: 'linear',
    }),
  );
}

async function reading<Result>(path: string, read: () => Promise<Result>): Promise<Result> {
  try {
    return await read();
  } catch (error) {
    throw new KdadError('IMAGE_UNREADABLE', `${path}: ${reason(error as Error)}`, { cause: error });
  }
}

function reason(error: NodeJS.ErrnoException): string {
  if (error.code === 'ENOENT') return 'no such file';
  if (error.code === 'EACCES') return 'no permission to read it';
  const message = error.message.trim().replaceAll(/\s*\n\s*/g, '; ');
  if (/out of range|unsupported|not supported/i.test(message))
    return `a file of this kind is not supported (${message})`;
  // libvips sometimes forgets what was wrong with a file that ends early.
  return /vips|corrupt|Input buffer|Unknown error/i.test(message)
    ? `the file is damaged or truncated (${message})`
    : message;
}
