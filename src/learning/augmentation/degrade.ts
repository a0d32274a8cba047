import sharp from 'sharp';
import { mixSeeds, normalFrom, type Random, randomFrom } from '../../common/random.js';

/**
 * What a camera adds to a picture: factors of contrast and brightness, deviation of a blur in pixels and of noise in
 * grey levels, and JPEG's quality.
 */
const CONTRAST = [0.85, 1.15] as const;
const BRIGHTNESS = [0.8, 1.2] as const;
const BLUR = [0, 1] as const;
const NOISE = [0, 6] as const;
const QUALITY = [50, 95] as const;

/**
 * The part of the copies that is compressed: JPEG takes most of the noise away, and many cameras send their pictures as
 * they are.
 */
const COMPRESSED = 0.3;

/** sharp blurs no less. */
const LEAST_BLUR = 0.3;

/**
 * A copy of a picture as another light, lens, sensor or encoder would have shown it, all a little: none of it is a
 * defect.
 *
 * @param frame uint8 RGB, height x width x 3
 */
export async function degraded(
  frame: Uint8Array,
  [height, width]: readonly [number, number],
  random: Random,
): Promise<Uint8Array> {
  const between = ([low, high]: readonly [number, number]) => low + (high - low) * random();
  const [contrast, brightness] = [between(CONTRAST), between(BRIGHTNESS)];
  const mean = frame.reduce((sum, value) => sum + value, 0) / frame.length;
  const lit = new Uint8ClampedArray(frame.length);
  for (let i = 0; i < frame.length; i++) lit[i] = ((frame[i] - mean) * contrast + mean) * brightness;
  const raw = { width, height, channels: 3 } as const;
  const [blur, noise, quality] = [between(BLUR), between(NOISE), Math.round(between(QUALITY))];
  const soft = blur < LEAST_BLUR ? lit : new Uint8ClampedArray(await sharp(lit, { raw }).blur(blur).raw().toBuffer());
  const normal = normalFrom(random);
  for (let i = 0; i < soft.length; i++) soft[i] += noise * normal();
  if (random() >= COMPRESSED) return new Uint8Array(soft);
  const jpeg = await sharp(soft, { raw }).jpeg({ quality }).toBuffer();
  return new Uint8Array(await sharp(jpeg).removeAlpha().toColourspace('srgb').raw().toBuffer());
}

/** The seed of the copies of images that are held out, for the seed of a training. */
export const heldSeed = (seed: number): number => mixSeeds(seed, 1);

/**
 * A degraded copy of each picture, the same for the same seed.
 * @param options `first` is the number of the first picture, where these are a part of all
 */
export async function degradedCopies(
  frames: readonly Uint8Array[],
  size: readonly [number, number],
  seed: number,
  { first = 0, signal }: { readonly first?: number; readonly signal?: AbortSignal } = {},
): Promise<Uint8Array[]> {
  const copies: Uint8Array[] = [];
  for (const [i, frame] of frames.entries()) {
    signal?.throwIfAborted();
    copies.push(await degraded(frame, size, randomFrom(mixSeeds(seed, 11, first + i))));
  }
  return copies;
}
