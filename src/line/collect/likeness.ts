import sharp from 'sharp';
import type { Picture } from '../../method/images/picture.js';

/** Height and width of the thumbnails that are compared. */
const SIDE = 32;

/** Mean difference of their grey levels, of 255, below which two pictures count as the same. */
const ALIKE = 1.5;

/**
 * Tells whether a picture shows what an earlier one showed already: a line that stands still gives a thousand equal
 * ones.
 */
export class Likeness {
  readonly #seen: Uint8Array[] = [];

  /** Remembers the picture. @returns false when one like it has been seen */
  async isNew(picture: Picture): Promise<boolean> {
    const small = await thumbnail(picture);
    if (this.#seen.some((other) => difference(small, other) < ALIKE)) return false;
    this.#seen.push(small);
    return true;
  }
}

function thumbnail({ pixels, width, height }: Picture): Promise<Buffer> {
  return sharp(pixels, { raw: { width, height, channels: 3 }, limitInputPixels: false })
    .resize(SIDE, SIDE, { fit: 'fill' })
    .greyscale()
    .raw()
    .toBuffer();
}

function difference(a: Uint8Array, b: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += Math.abs(a[i] - b[i]);
  return sum / a.length;
}
