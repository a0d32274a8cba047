/** What a file is, by its first bytes: one of the formats that are read, or what else. */
export type Format =
  | { readonly read: 'png' | 'jpeg' | 'webp' | 'tiff' | 'bmp' }
  | { readonly read?: undefined; readonly problem: string };

/**
 * Of the picture formats that people have, by where their mark is; the list that `file` goes by (its
 * magic/Magdir/images).
 */
const refused: readonly [name: string, offset: number, mark: string][] = [
  ['a GIF', 0, 'GIF8'],
  ['a HEIC or AVIF image', 4, 'ftyp'],
  ['a JPEG 2000 image', 0, '\x00\x00\x00\x0cjP'],
  ['a JPEG 2000 image', 0, '\xff\x4f\xff\x51'],
  ['a JPEG XL image', 0, '\x00\x00\x00\x0cJXL'],
  ['a JPEG XL image', 0, '\xff\x0a'],
  ['a PDF', 0, '%PDF'],
  ['a Photoshop file', 0, '8BPS'],
  ['an OpenEXR image', 0, '\x76\x2f\x31\x01'],
  ['a Radiance image', 0, '#?RADIANCE'],
  ['a FITS image', 0, 'SIMPLE  ='],
  ['a DICOM file', 128, 'DICM'],
  ['a NumPy array', 0, '\x93NUMPY'],
  ['an icon', 0, '\x00\x00\x01\x00'],
  ['a DDS image', 0, 'DDS '],
];

/**
 * Tells a file's format by its content, whatever its name says. Only what is listed here is ever handed to a decoder,
 * so that a drawing or a document that calls itself `part.png` is not rendered.
 *
 * @param head the first bytes of the file, 1024 or all
 */
export function formatOf(head: Uint8Array): Format {
  const text = Buffer.from(head.buffer, head.byteOffset, head.byteLength).toString('latin1');
  const begins = (mark: string, offset = 0) => text.startsWith(mark, offset);
  if (begins('\x89PNG\r\n\x1a\n')) return { read: 'png' };
  if (begins('\xff\xd8\xff')) return { read: 'jpeg' };
  if (begins('RIFF') && begins('WEBP', 8)) return { read: 'webp' };
  // Little and big endian, classic and BigTIFF.
  if (['II*\0', 'MM\0*', 'II+\0', 'MM\0+'].some((mark) => begins(mark))) return { read: 'tiff' };
  if (begins('BM')) return { read: 'bmp' };
  const known = refused.find(([, offset, mark]) => begins(mark, offset));
  const other = (name: string) => ({ problem: `${name}; expected PNG, JPEG, BMP, WebP or TIFF` });
  if (known) return other(known[0]);
  if (/^P[1-7fF]\s/.test(text)) return other('a PNM image (PGM, PPM)');
  if (/<svg[\s>]/i.test(text)) return other('an SVG drawing');
  return { problem: 'not an image of a known format' };
}

/** True for an animated PNG: its animation control comes before the picture. Source: PNG, third edition, 11.3.4.1. */
export function isAnimatedPng(file: Buffer): boolean {
  for (let offset = 8; offset + 12 <= file.length; offset += 12 + file.readUInt32BE(offset)) {
    const chunk = file.toString('latin1', offset + 4, offset + 8);
    if (chunk === 'acTL') return true;
    if (chunk === 'IDAT') return false;
  }
  return false;
}
