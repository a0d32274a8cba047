import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage, decodePicture, readMask, resizePicture } from '../../../src/method/images/image.js';
import type { KnownBits } from '../../../src/method/images/sample-bits.js';
import { folderWith } from '../../fixtures/folder.js';
import { tiff } from '../../fixtures/tiff.js';

const [width, height] = [20, 12];
const channels = 3;
const colours = Uint8Array.from({ length: width * height * channels }, (_, i) => (i * 7) % 256);
const picture = () => sharp(colours, { raw: { width, height, channels } });
const raw = { width: 2, height: 1, channels: 1 } as const;

/** Two pixels each, saved by Pillow: 10 and 200 of 255 in 16 bits, 0.1 and 0.9, and colours 1 and 0 of a palette. */
const byPillow = {
  grey16Png: base64('iVBORw0KGgoAAAANSUhEUgAAAAIAAAABEAAAAACB2fwVAAAADUlEQVR4nGPg4jpxAgACowGl/IsCHgAAAABJRU5ErkJggg=='),
  grey16Tiff: base64(
    'SUkqAAgAAAAJAAABBAABAAAAAgAAAAEBBAABAAAAAQAAAAIBAwABAAAAEAAAAAMBAwABAAAAAQAAAAYBAwABAAAAAQAAABEBBAABAAAAegAAABYBBAABAAAAAQAAABcBBAABAAAABAAAABwBAwABAAAAAQAAAAAAAAAKCsjI',
  ),
  floatTiff: base64(
    'SUkqAAgAAAAKAAABBAABAAAAAgAAAAEBBAABAAAAAQAAAAIBAwABAAAAIAAAAAMBAwABAAAAAQAAAAYBAwABAAAAAQAAABEBBAABAAAAhgAAABYBBAABAAAAAQAAABcBBAABAAAACAAAABwBAwABAAAAAQAAAFMBAwABAAAAAwAAAAAAAADNzMw9ZmZmPw==',
  ),
  palettePng: base64(
    'iVBORw0KGgoAAAANSUhEUgAAAAIAAAABAQMAAADO7O3JAAAABlBMVEX/gAAAQP8tPgIZAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==',
  ),
};

function base64(text: string): Buffer {
  return Buffer.from(text, 'base64');
}

async function decode(name: string, data: Buffer | Promise<Buffer>) {
  return decodePicture(join(await folderWith({ [name]: await data }), name));
}

describe('decodePicture', () => {
  it.each([
    ['PNG', 'a.png', () => picture().png()],
    ['TIFF', 'a.tif', () => picture().tiff({ compression: 'lzw' })],
    ['lossless WebP', 'a.webp', () => picture().webp({ lossless: true })],
    ['a file under the wrong extension', 'a.bmp', () => picture().png()],
  ])('reads %s', async (_, name, encode) => {
    expect(await decode(name, encode().toBuffer())).toEqual({ width, height, pixels: Buffer.from(colours) });
  });

  it('reads JPEG to within its losses', async () => {
    const grey = sharp({ create: { width, height, channels, background: '#406080' } });
    const { pixels } = await decode('a.jpg', grey.jpeg({ quality: 95 }).toBuffer());
    expect(Math.abs(pixels[0] - 0x40)).toBeLessThanOrEqual(2);
    expect(Math.abs(pixels[2] - 0x80)).toBeLessThanOrEqual(2);
  });

  it('repeats grey in all channels', async () => {
    const { pixels } = await decode(
      'a.png',
      sharp(Buffer.from([10, 200]), { raw })
        .png()
        .toBuffer(),
    );
    expect([...pixels]).toEqual([10, 10, 10, 200, 200, 200]);
  });

  it.each(['grey16Png', 'grey16Tiff'] as const)('scales 16-bit grey to 8 bits (%s)', async (name) => {
    const { pixels } = await decode('a.png', byPillow[name]);
    expect([...pixels]).toEqual([10, 10, 10, 200, 200, 200]);
  });

  it('shows the colour below transparency, before and after a resize', async () => {
    const rgba = Uint8Array.from([200, 100, 50, 0, 200, 100, 50, 255]);
    const data = sharp(rgba, { raw: { width: 2, height: 1, channels: 4 } }).png();
    const decoded = await decode('a.png', data.toBuffer());
    expect([...decoded.pixels]).toEqual([200, 100, 50, 200, 100, 50]);
    expect([...(await resizePicture(decoded, [1, 1])).pixels]).toEqual([200, 100, 50]);
  });

  it('reads a palette', async () => {
    expect([...(await decode('a.png', byPillow.palettePng)).pixels]).toEqual([0, 64, 255, 255, 128, 0]);
  });

  it('converts CMYK', async () => {
    const white = sharp({ create: { width: 8, height: 8, channels, background: 'white' } }).toColourspace('cmyk');
    const data = await white.jpeg().toBuffer();
    expect((await sharp(data).metadata()).space).toBe('cmyk');
    const { pixels } = await decode('a.jpg', data);
    expect(pixels).toHaveLength(8 * 8 * 3);
    expect(Math.min(...pixels)).toBeGreaterThan(250);
  });

  it('turns pictures upright by their EXIF orientation', async () => {
    const turned = await decode('a.jpg', picture().withMetadata({ orientation: 6 }).jpeg().toBuffer());
    expect([turned.width, turned.height]).toEqual([height, width]);
  });

  it.each([
    ['an empty file', 'a.png', async () => Buffer.alloc(0), /a\.png: the file is empty/],
    ['text', 'a.png', async () => Buffer.from('hello'), /a\.png: not an image of a known format/],
    [
      'a truncated PNG',
      'a.png',
      async () => (await picture().png().toBuffer()).subarray(0, 200),
      /damaged or truncated/,
    ],
    [
      'a truncated JPEG',
      'a.jpg',
      async () => (await picture().jpeg().toBuffer()).subarray(0, -40),
      /damaged or truncated/,
    ],
    ['a truncated BMP', 'a.bmp', async () => Buffer.from('BM hello'), /a\.bmp: the file is truncated/],
    ['floating point', 'a.tif', async () => byPillow.floatTiff, /floating-point/],
    [
      'more than 100 megapixels',
      'a.png',
      async () => bomb(),
      /too large: 10001x10000 pixels; more than 100 megapixels/,
    ],
    ['a long strip', 'a.bmp', async () => bmpOf(33_000, 3), /too large: 33000x3 pixels; a side of more than 32768/],
    ['a thin strip', 'a.bmp', async () => bmpOf(30_000, 30), /30000x30 pixels; one side is more than 100 times/],
    [
      'a drawing',
      'a.png',
      async () => Buffer.from('<?xml version="1.0"?><svg width="9" height="9"/>'),
      /an SVG drawing/,
    ],
    ['a GIF', 'a.png', () => picture().gif().toBuffer(), /a GIF; expected PNG, JPEG, BMP, WebP or TIFF/],
    ['an AVIF', 'a.jpg', () => picture().avif({ effort: 0 }).toBuffer(), /a HEIC or AVIF image/],
    ['a PGM', 'a.png', async () => Buffer.from('P5 1 1 255 a'), /a PNM image/],
    ['several pages', 'a.tif', async () => tiff('uint8', [1, 2], 3), /3 pages or frames; expected one picture/],
    ['an animated WebP', 'a.webp', () => animated(), /2 pages or frames/],
    ['an animated PNG', 'a.png', async () => animatedPng(await picture().png().toBuffer()), /an animated PNG/],
  ])('refuses %s', async (_, name, data, message) => {
    await expect(decode(name, data())).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
      message: expect.stringMatching(message),
    });
  });

  it.each(['int8', 'int16', 'uint32', 'int32', 'float'] as const)('refuses %s samples', async (kind) => {
    await expect(decode('a.tif', tiff(kind, [0, 1]))).rejects.toThrow(/samples have no sure black and white/);
  });

  it('says that a kind of file is not supported, which is not damaged', async () => {
    await expect(decode('a.tif', tiff('double', [0, 1]))).rejects.toThrow('a file of this kind is not supported');
  });

  it('refuses what is no file, without waiting for it', async () => {
    const pipe = join(await folderWith(), 'a.png');
    execFileSync('mkfifo', [pipe]);
    await expect(decodePicture(pipe)).rejects.toThrow('a.png: this is no file');
  });

  it('says that there is no such file, or that it is a folder', async () => {
    const folder = await folderWith();
    await expect(decodePicture(join(folder, 'a.png'))).rejects.toThrow('a.png: no such file');
    await expect(decodePicture(folder)).rejects.toThrow(`${folder}: this is a folder`);
  });
});

describe('the bits of 16-bit samples', () => {
  const grey = async (known: KnownBits, ...values: number[]) => {
    const path = join(await folderWith({ 'a.tif': tiff('uint16', values) }), 'a.tif');
    const { pixels } = await decodePicture(path, known);
    return values.map((_, i) => pixels[3 * i]);
  };

  it.each([
    [10, [0, 512, 1023], [0, 128, 255]],
    [12, [0, 2048, 4095], [0, 128, 255]],
    [14, [0, 8192, 16_383], [0, 128, 255]],
    [16, [0, 32_768, 65_535], [0, 128, 255]],
    [undefined, [0, 32_768, 65_535], [0, 128, 255]],
    [8, [0, 128, 255], [0, 128, 255]],
    [12, [0, 100, 5000], [0, 6, 255]],
  ] as const)('%s: %j becomes %j', async (known, values, pixels) => {
    expect(await grey(known, ...values)).toEqual(pixels);
  });

  it('keeps colours apart, with transparency or without', async () => {
    const samples = Uint16Array.from([4095, 2048, 0, 65_535, 0, 2048, 4095, 0]);
    const file = (channels: 3 | 4) =>
      sharp(channels === 4 ? samples : samples.filter((_, i) => i % 4 !== 3), {
        raw: { width: 2, height: 1, channels, depth: 'ushort' } as never,
      })
        .toColourspace('rgb16')
        .png()
        .toBuffer();
    for (const channels of [3, 4] as const) {
      const path = join(await folderWith({ 'a.png': await file(channels) }), 'a.png');
      expect([...(await decodePicture(path, 12)).pixels]).toEqual([255, 128, 0, 0, 128, 255]);
    }
  });

  it('are refused where nothing says what is white, and where most is beyond it', async () => {
    await expect(grey(null, 100, 4095)).rejects.toThrow(
      'its 16-bit samples use 12 bits, and the model has learned from',
    );
    expect(await grey(null, 256, 65_535)).toEqual([1, 255]);
    await expect(grey(12, 1, 30_000, 60_000)).rejects.toThrow('most of its 16-bit samples are above 4095');
  });
});

describe('decodeImage and resizePicture', () => {
  const golden = JSON.parse(readFileSync(new URL('../../fixtures/golden/resize.json', import.meta.url), 'utf8'));

  it.each(golden.cases as { width: number; height: number; pixels: number[]; resized: number[] }[])(
    'resizes $width x $height like Pillow to within one and a half grey levels',
    async (example) => {
      const resized = await resizePicture({ ...example, pixels: Uint8Array.from(example.pixels) }, golden.size);
      expect([resized.height, resized.width]).toEqual(golden.size);
      const differences = example.resized.map((value, i) => Math.abs(value - resized.pixels[i]));
      expect(differences.reduce((sum, difference) => sum + difference) / differences.length).toBeLessThan(1.5);
    },
  );

  it('decodes to the same pixels, whether at full size first or not', async () => {
    const turned = await picture().withMetadata({ orientation: 6 }).jpeg({ quality: 90 }).toBuffer();
    const files = {
      'a.png': await picture().png().toBuffer(),
      'grey.png': await picture().greyscale().png().toBuffer(),
      'b.jpg': turned,
    };
    const folder = await folderWith(files);
    for (const name of Object.keys(files)) {
      const whole = await resizePicture(await decodePicture(join(folder, name)), [6, 8]);
      expect(await decodeImage(join(folder, name), { size: [6, 8] })).toEqual(whole.pixels);
    }
  });

  it('enlarges one side of a long strip without growing it first', async () => {
    const strip = { width: 30_000, height: 3, pixels: new Uint8Array(30_000 * 3 * 3).fill(70) };
    const resized = await resizePicture(strip, [64, 64]);
    expect(new Set(resized.pixels)).toEqual(new Set([70]));
  });

  it('gives the size asked for, height first', async () => {
    const path = join(await folderWith({ 'a.png': await picture().png().toBuffer() }), 'a.png');
    expect(await decodeImage(path, { size: [4, 6] })).toHaveLength(4 * 6 * 3);
    expect(await decodeImage(path, { size: [height, width] })).toEqual(Buffer.from(colours));
  });
});

describe('readMask', () => {
  it('sees the small labels of 16-bit masks', async () => {
    const path = join(await folderWith({ 'a.tif': tiff('uint16', [0, 1, 300]) }), 'a.tif');
    expect([...(await readMask(path, [1, 3]))]).toEqual([0, 1, 1]);
  });

  it('has clean edges in a JPEG', async () => {
    const [width, height] = [64, 32];
    const isMarked = (i: number) => i % width > 20 && i % width < 40;
    const values = Uint8Array.from({ length: width * height }, (_, i) => (isMarked(i) ? 255 : 0));
    const path = join(await folderWith(), 'a_mask.jpg');
    await sharp(values, { raw: { width, height, channels: 1 } })
      .jpeg({ quality: 60 })
      .toFile(path);
    expect(await readMask(path, [height, width])).toEqual(values.map((_, i) => (isMarked(i) ? 1 : 0)));
  });

  it('is 1 where the nearest pixel is not black', async () => {
    const mask = Uint8Array.from([0, 0, 1, 255, 0, 0, 0, 0]);
    const data = await sharp(mask, { raw: { width: 4, height: 2, channels: 1 } })
      .png()
      .toBuffer();
    const path = join(await folderWith({ 'a_mask.png': data }), 'a_mask.png');
    expect([...(await readMask(path, [2, 4]))]).toEqual([0, 0, 1, 1, 0, 0, 0, 0]);
    expect([...(await readMask(path, [4, 2]))]).toEqual([0, 1, 0, 1, 0, 0, 0, 0]);
  });
});

/** A TIFF of some bytes whose header claims 100 million pixels and a few. */
function bomb(): Buffer {
  const file = Buffer.from(byPillow.grey16Tiff);
  const [widthTag, heightTag] = [8 + 2, 8 + 2 + 12];
  file.writeUInt32LE(10_001, widthTag + 8);
  file.writeUInt32LE(10_000, heightTag + 8);
  return file;
}

/** The header of a bitmap. */
function bmpOf(width: number, height: number): Buffer {
  const file = Buffer.alloc(54);
  file.write('BM');
  file.writeUInt32LE(54, 10);
  file.writeUInt32LE(40, 14);
  file.writeInt32LE(width, 18);
  file.writeInt32LE(height, 22);
  file.writeUInt16LE(24, 28);
  return file;
}

/** Two frames, one above the other in the raw picture. */
function animated(): Promise<Buffer> {
  const frames = Uint8Array.from({ length: 2 * 4 * 4 * 3 }, (_, i) => i);
  return sharp(frames, { raw: { width: 4, height: 8, channels: 3, pageHeight: 4 } })
    .webp({ loop: 0, delay: [100, 100], lossless: true })
    .toBuffer();
}

/** With an animation control behind the header. */
function animatedPng(png: Buffer): Buffer {
  const chunk = Buffer.alloc(12 + 8);
  chunk.writeUInt32BE(8, 0);
  chunk.write('acTL', 4);
  return Buffer.concat([png.subarray(0, 33), chunk, png.subarray(33)]);
}
