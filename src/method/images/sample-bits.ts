import { inSlices } from './slices.js';

/**
 * How many of the bits of a 16-bit sample are in use: cameras of 10, 12 or 14 bits save their numbers as they are, so
 * that white is 1023, 4095 or 16,383 and not 65,535.
 */
export const sampleBits = [8, 10, 12, 14, 16] as const;
export type SampleBits = (typeof sampleBits)[number];

/**
 * What is known of a detector's 16-bit pictures: the bits that they use; null where it has learned from 8-bit pictures
 * alone; undefined where nobody looked (bundles of earlier versions, teachers' corpora), which means the whole 16 bits.
 */
export type KnownBits = SampleBits | null | undefined;

/** A decoded picture of 16-bit samples, height x width x channels. */
export interface DeepPicture {
  readonly width: number;
  readonly height: number;
  /** Grey or RGB. */
  readonly channels: 1 | 3;
  readonly samples: Uint16Array;
}

/** The fewest bits that hold a value. */
export function bitsFor(largest: number): SampleBits {
  return sampleBits.find((bits) => largest < 2 ** bits) ?? 16;
}

/** The largest of many samples. */
export async function largestOf({ samples }: Pick<DeepPicture, 'samples'>): Promise<number> {
  let largest = 0;
  await inSlices(samples.length, (from, to) => {
    for (let i = from; i < to; i++) if (samples[i] > largest) largest = samples[i];
  });
  return largest;
}

/**
 * Brings 16-bit samples to 8 bits, grey repeated in all channels. What is brighter than the known bits can say becomes
 * white.
 *
 * @throws Error where nothing says what white is, or most of the picture is beyond it
 */
export async function toEightBits(picture: DeepPicture, known: KnownBits): Promise<Uint8Array> {
  const bits = known ?? 16;
  if (known === null) refuseFewBits(await largestOf(picture));
  const { pixels, beyond } = await shifted(picture, bits - 8);
  if (beyond > picture.samples.length / 2) {
    throw new Error(`most of its 16-bit samples are above ${2 ** bits - 1}, the white of the ${bits} bits learned`);
  }
  return pixels;
}

/** 8 bits in which only black is black: in 16 bits a mask's labels are small numbers, too. */
export async function saturate(picture: DeepPicture): Promise<Uint8Array> {
  return (await shifted(picture, 0)).pixels;
}

/** @returns RGB, and how many samples found no room */
async function shifted({ width, height, channels, samples }: DeepPicture, shift: number) {
  const pixels = new Uint8Array(width * height * 3);
  const repeats = 3 / channels;
  let beyond = 0;
  await inSlices(samples.length, (from, to) => {
    for (let i = from, out = from * repeats; i < to; i++) {
      const value = samples[i] >> shift;
      if (value > 255) beyond++;
      for (let copy = 0; copy < repeats; copy++) pixels[out++] = value > 255 ? 255 : value;
    }
  });
  return { pixels, beyond };
}

function refuseFewBits(largest: number): void {
  const bits = bitsFor(largest);
  if (bits === 16) return;
  throw new Error(
    `its 16-bit samples use ${bits} bits, and the model has learned from 8-bit pictures: nothing says what is white; expected 8 bits a sample`,
  );
}
