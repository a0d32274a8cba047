import type { KdadError } from '../../common/errors.js';

const LOCAL_HEADER = 0x04034b50;
const CENTRAL_HEADER = 0x02014b50;
const END_RECORD = 0x06054b50;

/**
 * The files in a zip whose entries are not compressed (https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT).
 */
export function storedEntries(bytes: Uint8Array, fail: (what: string) => KdadError): Map<string, Uint8Array> {
  const part = (at: number, length: number): DataView => {
    if (at < 0 || at + length > bytes.length) throw fail('truncated or damaged: its zip entries lie outside the file');
    return new DataView(bytes.buffer, bytes.byteOffset + at, length);
  };
  const farthest = Math.max(0, bytes.length - 22 - 0xffff);
  let end = bytes.length - 22;
  while (end >= farthest && part(end, 4).getUint32(0, true) !== END_RECORD) end--;
  if (end < farthest) throw fail('truncated: the zip has no directory at its end');
  const count = part(end, 22).getUint16(10, true);
  const entries = new Map<string, Uint8Array>();
  let at = part(end, 22).getUint32(16, true);
  for (let i = 0; i < count; i++) {
    const header = part(at, 46);
    if (header.getUint32(0, true) !== CENTRAL_HEADER) throw fail(`damaged: no entry of the zip's directory at ${at}`);
    const [flags, method] = [8, 10].map((field) => header.getUint16(field, true));
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((field) => header.getUint16(field, true));
    const path = new TextDecoder().decode(part(at + 46, nameLength));
    if (method !== 0 || flags & 1) throw fail(`${path} is compressed or encrypted; PyTorch stores its entries plainly`);
    const local = header.getUint32(42, true);
    const localHeader = part(local, 30);
    if (localHeader.getUint32(0, true) !== LOCAL_HEADER) throw fail(`damaged: no entry of the zip at ${local}`);
    const begin = local + 30 + localHeader.getUint16(26, true) + localHeader.getUint16(28, true);
    const length = header.getUint32(24, true);
    part(begin, length);
    entries.set(path, bytes.subarray(begin, begin + length));
    at += 46 + nameLength + extraLength + commentLength;
  }
  return entries;
}
