import sharp from 'sharp';
import type { Random } from '../../common/random.js';
import type { Picture } from '../../method/images/picture.js';

/** A part enlarged by more than this shows pixels, not the world. */
const MAX_ENLARGEMENT = 1.5;

/**
 * A random part of a picture at a random scale, turned, mirrored and recoloured at random: what makes many images of
 * few.
 * @returns RGB, size x size x 3
 */
export async function randomCrop(picture: Picture, size: number, random: Random): Promise<Uint8Array> {
  const { left, top, side } = randomSquare(picture, size / MAX_ENLARGEMENT, random);
  const raw = { width: picture.width, height: picture.height, channels: 3 as const };
  let image = sharp(picture.pixels, { raw, limitInputPixels: false })
    .extract({ left, top, width: side, height: side })
    .resize(size, size, { fit: 'fill', kernel: 'linear' });
  if (random() < 0.5) image = image.flop();
  if (random() < 0.25) image = image.rotate(90 * Math.floor(4 * random()));
  const pixels = await image.raw().toBuffer();
  recolour(pixels, random);
  return pixels;
}

/** A square inside a picture, every scale from `least` pixels (or the whole picture) on as likely as another. */
export function randomSquare(
  { width, height }: { readonly width: number; readonly height: number },
  least: number,
  random: Random,
): { left: number; top: number; side: number } {
  const shortest = Math.min(width, height);
  const smallest = Math.min(shortest, least);
  const side = Math.round(smallest * (shortest / smallest) ** random());
  return {
    side,
    left: Math.floor(random() * (width - side + 1)),
    top: Math.floor(random() * (height - side + 1)),
  };
}

/** Brightness, contrast and gamma for all channels, a tint for each; now and then grey. In place. */
function recolour(pixels: Uint8Array, random: Random): void {
  if (random() < 0.1) makeGrey(pixels);
  const spread = (amount: number) => 1 + amount * (2 * random() - 1);
  const [brightness, contrast, gamma] = [spread(0.3), spread(0.3), 2 ** (random() - 0.5)];
  for (let channel = 0; channel < 3; channel++) {
    const tint = spread(0.1);
    const table = Uint8ClampedArray.from({ length: 256 }, (_, value) => {
      const lit = (value / 255) ** gamma * brightness * tint;
      return 255 * (0.5 + (lit - 0.5) * contrast);
    });
    for (let i = channel; i < pixels.length; i += 3) pixels[i] = table[pixels[i]];
  }
}

function makeGrey(pixels: Uint8Array): void {
  for (let i = 0; i < pixels.length; i += 3) {
    pixels.fill(0.299 * pixels[i] + 0.587 * pixels[i + 1] + 0.114 * pixels[i + 2], i, i + 3);
  }
}
