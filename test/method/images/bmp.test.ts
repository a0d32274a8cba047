import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeBmp } from '../../../src/method/images/bmp.js';

interface Bitmap {
  readonly width: number;
  readonly height: number;
  readonly bits: number;
  readonly rows: readonly (readonly number[])[];
  readonly palette?: readonly (readonly number[])[];
  readonly compression?: number;
  readonly masks?: readonly number[];
}

/** Bytes of a bitmap; `rows` are raw bytes in file order, padded here. */
function bitmap({ width, height, bits, rows, palette = [], compression = 0, masks = [] }: Bitmap): Buffer {
  const stride = Math.ceil((width * bits) / 32) * 4;
  const header = Buffer.alloc(54);
  header.write('BM');
  header.writeUInt32LE(54 + masks.length * 4 + palette.length * 4, 10);
  header.writeUInt32LE(40, 14);
  header.writeInt32LE(width, 18);
  header.writeInt32LE(height, 22);
  header.writeUInt16LE(1, 26);
  header.writeUInt16LE(bits, 28);
  header.writeUInt32LE(compression, 30);
  header.writeUInt32LE(palette.length, 46);
  const maskBytes = Buffer.from(Uint32Array.from(masks).buffer);
  const paletteBytes = Buffer.from(palette.flatMap(([red, green, blue]) => [blue, green, red, 0]));
  const pixels = rows.map((row) => Buffer.concat([Buffer.from(row), Buffer.alloc(stride - row.length)]));
  return Buffer.concat([header, maskBytes, paletteBytes, ...pixels]);
}

const decode = async (file: Bitmap) => [...(await decodeBmp(bitmap(file))).pixels];
const [red, green, blue] = [
  [255, 0, 0],
  [0, 255, 0],
  [0, 0, 255],
];

describe('decodeBmp', () => {
  it('reads 24 bits: blue first, the bottom row first, rows padded to four bytes', async () => {
    const rows = [[...blue].reverse(), [...red].reverse()];
    expect(await decode({ width: 1, height: 2, bits: 24, rows })).toEqual([...red, ...blue]);
  });

  it('reads the top row first where the height is negative', async () => {
    const rows = [[...red].reverse(), [...blue].reverse()];
    expect(await decode({ width: 1, height: -2, bits: 24, rows })).toEqual([...red, ...blue]);
  });

  it.each([
    [1, [[0b01000000], [0b10100000]]],
    [
      4,
      [
        [0x01, 0x00],
        [0x10, 0x10],
      ],
    ],
    [
      8,
      [
        [0, 1, 0],
        [1, 0, 1],
      ],
    ],
  ])('reads %i bits through the colour table, at an odd width', async (bits, rows) => {
    const pixels = await decode({ width: 3, height: 2, bits, rows, palette: [green, red] });
    expect(pixels).toEqual([red, green, red, green, red, green].flat());
  });

  it('reads 16 bits as five a channel, and by masks', async () => {
    const pixel = (value: number) => [value & 255, value >> 8];
    expect(await decode({ width: 2, height: 1, bits: 16, rows: [[...pixel(0x7c00), ...pixel(0x0210)]] })).toEqual([
      255, 0, 0, 0, 132, 132,
    ]);
    const masks = [0xf800, 0x07e0, 0x001f];
    expect(await decode({ width: 1, height: 1, bits: 16, compression: 3, masks, rows: [pixel(0xffe0)] })).toEqual([
      255, 255, 0,
    ]);
  });

  it('reads 32 bits without the fourth byte, and by masks that use the highest bit', async () => {
    expect(await decode({ width: 1, height: 1, bits: 32, rows: [[3, 2, 1, 99]] })).toEqual([1, 2, 3]);
    const masks = [0xff000000, 0xff0000, 0xff00];
    expect(await decode({ width: 1, height: 1, bits: 32, compression: 3, masks, rows: [[99, 3, 2, 1]] })).toEqual([
      1, 2, 3,
    ]);
  });

  it.each([
    ['compressed', { bits: 8, compression: 1 }, /compression 1 at 8 bits/],
    ['of unusual depth', { bits: 2 }, /2 bits a pixel/],
    ['without pixels', { height: 0 }, /1x0 pixels/],
    ['that claims too many pixels', { width: 1e6, height: 1e6 }, /too large: 1000000x1000000/],
    ['that is truncated', { height: 100 }, /truncated/],
    ['with a colour that its table lacks', { bits: 8, palette: [red], rows: [[1]] }, /outside of the colour table/],
  ])('refuses one %s', async (_, change, message) => {
    const file = bitmap({ width: 1, height: 1, bits: 24, rows: [[1, 2, 3]], ...change });
    await expect(decodeBmp(file)).rejects.toThrow(message);
  });

  it('answers any bytes with a picture or an error', async () => {
    const bytes = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      // A true header with some bytes changed.
      fc.array(fc.tuple(fc.nat(57), fc.nat(255)), { maxLength: 8 }).map((changes) => {
        const file = bitmap({ width: 1, height: 1, bits: 24, rows: [[1, 2, 3]] });
        for (const [offset, value] of changes) file[offset] = value;
        return new Uint8Array(file);
      }),
    );
    await fc.assert(
      fc.asyncProperty(bytes, async (file) => {
        try {
          const { width, height, pixels } = await decodeBmp(file);
          expect(pixels.length).toBe(width * height * 3);
        } catch (error) {
          expect((error as Error).message).toMatch(/truncated|not supported|too large|colour table|header says/);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('lets others have their turn while it decodes a large one', async () => {
    const [width, height] = [4000, 1000];
    const file = bitmap({ width, height, bits: 8, palette: [red], rows: Array(height).fill(new Uint8Array(width)) });
    let turns = 0;
    let done = false;
    const count = () => {
      turns++;
      if (!done) setImmediate(count);
    };
    setImmediate(count);
    await decodeBmp(file);
    done = true;
    expect(turns).toBeGreaterThan(4);
  });
});
