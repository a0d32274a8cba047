import fc from 'fast-check';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { Jpegs } from '../../../../src/line/camera/http/jpegs.js';

const noise = sharp({
  create: { width: 40, height: 30, channels: 3, background: '#888', noise: { type: 'gaussian', mean: 128, sigma: 60 } },
});
const pictures = await Promise.all([
  noise.clone().jpeg().toBuffer(),
  noise.clone().jpeg({ progressive: true }).toBuffer(),
  // With a picture inside its metadata.
  noise
    .clone()
    .jpeg()
    .withExif({ IFD0: { ImageDescription: 'a' } })
    .toBuffer(),
]);

function find(bytes: Buffer, cuts: readonly number[] = []): { found: Buffer[]; broken: number } {
  const jpegs = new Jpegs();
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  const found = places.slice(1).flatMap((place, index) => jpegs.push(bytes.subarray(places[index], place)));
  return { found, broken: jpegs.broken };
}

describe('JPEGs among other bytes', () => {
  it('are found whole, each once and in order, whatever is between them and however they are cut', () => {
    const between = fc.constantFrom(
      '',
      '\r\n',
      '--b\r\nContent-Type: image/jpg\r\n\r\n',
      '--b\r\n--b\r\nContent-Length: 7\r\n\r\n',
      '\xff\r\n',
    );
    const one = fc.record({ picture: fc.constantFrom(...pictures), before: between });
    fc.assert(
      fc.property(fc.array(one, { maxLength: 6 }), fc.array(fc.nat(), { maxLength: 20 }), (parts, cuts) => {
        const bytes = Buffer.concat(parts.flatMap(({ picture, before }) => [Buffer.from(before, 'latin1'), picture]));
        const { found, broken } = find(bytes, cuts);
        expect(found.map((jpeg) => pictures.findIndex((picture) => picture.equals(jpeg)))).toEqual(
          parts.map(({ picture }) => pictures.indexOf(picture)),
        );
        expect(broken).toBe(0);
      }),
    );
  });

  it('are passed over where they have no end, and counted', () => {
    const [whole] = pictures;
    // Cut within a segment, whose length is at most 64 kB, a picture may take those behind it with it.
    const others = Array.from({ length: 2 * Math.ceil(65_536 / whole.length) }, () => whole);
    const scan = whole.indexOf(Buffer.from([0xff, 0xda]));
    const headers = Array.from({ length: 40 }, (_, i) => scan - 20 + i);
    for (const length of [whole.length - 2, whole.length >> 1, ...headers]) {
      const { found, broken } = find(
        Buffer.concat([whole.subarray(0, length), Buffer.from('\r\n--b\r\n\r\n'), ...others]),
      );
      expect(found.length).toBeGreaterThanOrEqual(1);
      expect(found.every((jpeg) => jpeg.equals(whole))).toBe(true);
      expect(broken).toBeGreaterThanOrEqual(1);
    }
  });

  it('can be looked for in anything', () => {
    const piece = fc.constantFrom('\xff\xd8\xff', '\xff\xd9', '\xff', '\xff\xda\0\x02', '\xff\xe0\0\x04', '\0', 'a');
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), fc.array(fc.nat(), { maxLength: 20 }), (pieces, cuts) => {
        const bytes = Buffer.from(pieces.join(''), 'latin1');
        expect(find(bytes, cuts)).toEqual(find(bytes));
      }),
      { numRuns: 300 },
    );
  });

  it('have bounds', () => {
    const jpegs = new Jpegs();
    jpegs.push(Buffer.from([0xff, 0xd8, 0xff, 0xda, 0, 2]));
    expect(() => {
      for (let count = 0; count < 40; count++) jpegs.push(Buffer.alloc(1e6));
    }).toThrow(/more than 32 MB/);
  });
});
