import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { decodeImage, decodePicture, readMask, resizePicture } from '../../src/data/image.js';
import { folderWith } from '../fixtures/folder.js';

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
    ['more than 100 megapixels', 'a.png', async () => bomb(), /too large: more than 100 megapixels/],
  ])('refuses %s', async (_, name, data, message) => {
    await expect(decode(name, data())).rejects.toMatchObject({
      code: 'IMAGE_UNREADABLE',
      message: expect.stringMatching(message),
    });
  });

  it('says that there is no such file, or that it is a folder', async () => {
    const folder = await folderWith();
    await expect(decodePicture(join(folder, 'a.png'))).rejects.toThrow('a.png: no such file');
    await expect(decodePicture(folder)).rejects.toThrow(`${folder}: this is a folder`);
  });
});

describe('decodeImage and resizePicture', () => {
  const golden = JSON.parse(readFileSync(new URL('../fixtures/golden/resize.json', import.meta.url), 'utf8'));

  it.each(golden.cases as { width: number; height: number; pixels: number[]; resized: number[] }[])(
    'resizes $width x $height like Pillow to within one and a half grey levels',
    async (example) => {
      const resized = await resizePicture({ ...example, pixels: Uint8Array.from(example.pixels) }, golden.size);
      expect([resized.height, resized.width]).toEqual(golden.size);
      const differences = example.resized.map((value, i) => Math.abs(value - resized.pixels[i]));
      expect(differences.reduce((sum, difference) => sum + difference) / differences.length).toBeLessThan(1.5);
    },
  );

  it('gives the size asked for, height first', async () => {
    const path = join(await folderWith({ 'a.png': await picture().png().toBuffer() }), 'a.png');
    expect(await decodeImage(path, { size: [4, 6] })).toHaveLength(4 * 6 * 3);
    expect(await decodeImage(path, { size: [height, width] })).toEqual(Buffer.from(colours));
  });
});

describe('readMask', () => {
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
