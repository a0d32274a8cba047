import { checkSize } from './limits.js';
import type { Picture } from './picture.js';
import { inSlices } from './slices.js';

/** Where the pixels of a bitmap are and how they are coded. */
interface Header {
  readonly width: number;
  readonly height: number;
  readonly topDown: boolean;
  readonly bits: number;
  /** Offset of the first row. */
  readonly pixels: number;
  /** Bytes of a row, padding included. */
  readonly stride: number;
  /** RGB triples of the colour table; empty where pixels hold their own colour. */
  readonly palette: Uint8Array;
  /** Bit masks of red, green and blue in a pixel of 16 or 32 bits. */
  readonly masks: readonly number[];
}

/** Some ten milliseconds. */
const PIXELS_AT_ONCE = 500_000;

const uncompressed = 0;
const bitFields = [3, 6];

/**
 * Decodes an uncompressed Windows bitmap: 1, 4 or 8 bits with a colour table, 16 or 32 with masks, or 24.
 * sharp reads no BMP, and industrial cameras write it. Lets others have their turn between its rows.
 *
 * @throws Error saying what is wrong with the file, before memory is taken for a picture that is too large
 */
export async function decodeBmp(file: Uint8Array): Promise<Picture> {
  const header = readHeader(file);
  const { width, height, stride } = header;
  checkSize(width, height);
  if (header.pixels + stride * height > file.length) throw new Error('the file is truncated');

  const pixels = new Uint8Array(width * height * 3);
  const writeRow = header.bits <= 8 ? paletteRow : header.bits === 24 ? bgrRow : maskedRow;
  const write = (row: number) => {
    const start = header.pixels + (header.topDown ? row : height - 1 - row) * stride;
    writeRow(header, file.subarray(start, start + stride), pixels.subarray(row * width * 3, (row + 1) * width * 3));
  };
  const rowsAtOnce = Math.ceil(PIXELS_AT_ONCE / width);
  await inSlices(
    height,
    (from, to) => {
      for (let row = from; row < to; row++) write(row);
    },
    rowsAtOnce,
  );
  return { width, height, pixels };
}

function readHeader(file: Uint8Array): Header {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (file.length < 26) throw new Error('the file is truncated');
  const size = view.getUint32(14, true);
  const old = size === 12;
  if (!old && size < 40) throw new Error(`a BMP header of ${size} bytes is not supported`);
  if (file.length < 14 + size) throw new Error('the file is truncated');

  const width = old ? view.getUint16(18, true) : view.getInt32(18, true);
  const signedHeight = old ? view.getUint16(20, true) : view.getInt32(22, true);
  const height = Math.abs(signedHeight);
  const bits = view.getUint16(old ? 24 : 28, true);
  const compression = old ? uncompressed : view.getUint32(30, true);
  const masked = bitFields.includes(compression);
  if (width <= 0 || height === 0) throw new Error(`the header says ${width}x${height} pixels`);
  if (![1, 4, 8, 16, 24, 32].includes(bits)) throw new Error(`a BMP of ${bits} bits a pixel is not supported`);
  if (compression !== uncompressed && !(masked && (bits === 16 || bits === 32))) {
    throw new Error(`BMP compression ${compression} at ${bits} bits a pixel is not supported`);
  }
  if (masked && file.length < 66) throw new Error('the file is truncated');

  const usual = bits === 16 ? [0x7c00, 0x03e0, 0x001f] : [0xff0000, 0xff00, 0xff];
  return {
    width,
    height,
    topDown: signedHeight < 0,
    bits,
    pixels: view.getUint32(10, true),
    stride: Math.ceil((width * bits) / 32) * 4,
    palette:
      bits <= 8
        ? readPalette(file, 14 + size, old ? 3 : 4, (!old && view.getUint32(46, true)) || 2 ** bits)
        : new Uint8Array(),
    masks: masked ? [54, 58, 62].map((offset) => view.getUint32(offset, true)) : usual,
  };
}

/** The table holds blue, green, red and, but in the oldest files, a byte of nothing. */
function readPalette(file: Uint8Array, start: number, entryBytes: number, colours: number): Uint8Array {
  if (colours > 256) throw new Error(`a colour table of ${colours} entries`);
  if (start + colours * entryBytes > file.length) throw new Error('the file is truncated');
  const palette = new Uint8Array(colours * 3);
  for (let entry = 0; entry < colours; entry++) {
    for (let channel = 0; channel < 3; channel++) {
      palette[entry * 3 + channel] = file[start + entry * entryBytes + 2 - channel];
    }
  }
  return palette;
}

function paletteRow({ width, bits, palette }: Header, row: Uint8Array, out: Uint8Array): void {
  const perByte = 8 / bits;
  for (let x = 0; x < width; x++) {
    const shift = 8 - bits * ((x % perByte) + 1);
    const entry = ((row[Math.floor(x / perByte)] >> shift) & (2 ** bits - 1)) * 3;
    if (entry >= palette.length) throw new Error('a pixel is outside of the colour table');
    out.set(palette.subarray(entry, entry + 3), x * 3);
  }
}

function bgrRow({ width }: Header, row: Uint8Array, out: Uint8Array): void {
  for (let x = 0; x < width * 3; x += 3) {
    out[x] = row[x + 2];
    out[x + 1] = row[x + 1];
    out[x + 2] = row[x];
  }
}

function maskedRow({ width, bits, masks }: Header, row: Uint8Array, out: Uint8Array): void {
  const view = new DataView(row.buffer, row.byteOffset, row.byteLength);
  const channels = masks.map((mask) => {
    // The lowest bit of the mask is what one step of this channel weighs.
    const step = (mask & -mask) >>> 0 || 1;
    return { mask, step, largest: Math.max(1, mask / step) };
  });
  for (let x = 0; x < width; x++) {
    const pixel = bits === 16 ? view.getUint16(x * 2, true) : view.getUint32(x * 4, true);
    for (const [channel, { mask, step, largest }] of channels.entries()) {
      out[x * 3 + channel] = Math.round((((pixel & mask) >>> 0) / step / largest) * 255);
    }
  }
}
