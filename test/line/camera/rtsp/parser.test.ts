import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RtspParser } from '../../../../src/line/camera/rtsp/parser.js';

/** What a parser finds in bytes that come in such pieces. */
function parse(bytes: Buffer, cuts: readonly number[] = []) {
  const found: unknown[] = [];
  const parser = new RtspParser({
    onPacket: (packet, channel) => found.push([channel, packet.toString('hex')]),
    onResponse: ({ status, reason, headers, body }) => found.push([status, reason, headers('cseq'), body]),
    onRequest: ({ method, headers }) => found.push([method, headers('CSeq')]),
  });
  const places = [...new Set([0, ...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length])].sort((a, b) => a - b);
  for (const [index, place] of places.slice(1).entries()) parser.push(bytes.subarray(places[index], place));
  return found;
}

const packet = (channel: number, ...bytes: number[]) =>
  Buffer.from([0x24, channel, 0, bytes.length + 2, 0x80, 0x60, ...bytes]);
const response = (body = '') =>
  Buffer.from(`RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: ${body.length}\r\n\r\n${body}`);

describe('what a camera sends', () => {
  it('is the same however it is cut', () => {
    const part = fc.oneof(
      fc.array(fc.nat(255), { maxLength: 30 }).map((bytes) => packet(3, ...bytes)),
      fc.string({ maxLength: 20 }).map((text) => response(Buffer.from(text).toString('base64'))),
      fc.constantFrom(
        Buffer.from('OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n'),
        Buffer.from('RTSP/1.0 404 Not Found\n\n'),
        Buffer.from('\r\n'),
        // None of it can begin a packet or a message.
        Buffer.from([0, 0x11, 0x22, 0xff]),
      ),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 8 }), fc.array(fc.nat(), { maxLength: 10 }), (parts, cuts) => {
        const bytes = Buffer.concat(parts);
        const found = parse(bytes);
        expect(parse(bytes, cuts)).toEqual(found);
        const meant = parts.filter((one) => one.length > 4 && one[0] !== 0);
        expect(found).toHaveLength(meant.length);
      }),
      { numRuns: 150 },
    );
  });

  it('may be anything at all', () => {
    const letters = fc.constantFrom(
      ...'RTSP/1.0 $\r\n:\0A'.split(''),
      '$\0\0\x04\x80',
      'RTSP/1.0 200 OK\r\n',
      '\r\n\r\n',
    );
    fc.assert(
      fc.property(fc.array(letters, { maxLength: 60 }), fc.array(fc.nat(), { maxLength: 10 }), (text, cuts) => {
        const bytes = Buffer.from(text.join(''), 'latin1');
        expect(parse(bytes, cuts)).toEqual(parse(bytes));
      }),
      { numRuns: 150 },
    );
  });

  it('is found again behind junk', () => {
    const junk = Buffer.from([0, 0x11, 0x24, 0x22, 0x52, 0x54, 0x24, 1, 0, 2, 7, 0x47]);
    const all = Buffer.concat([packet(0, 1), junk, packet(1, 2), junk, response('hello'), packet(0, 3)]);
    const found = [
      [0, '806001'],
      [1, '806002'],
      [200, 'OK', ['1'], 'hello'],
      [0, '806003'],
    ];
    expect(parse(all)).toEqual(found);
    expect(parse(all, Array.from(all.keys()))).toEqual(found);
  });

  it('has bounds: messages that never end are refused, and cost little while they come', () => {
    expect(() => parse(Buffer.from(`RTSP/1.0 200 OK\r\n${'X: y\r\n'.repeat(20_000)}`))).toThrow(/more than 65536/);
    expect(() => parse(Buffer.from(`RTSP/1.0 200 ${'O'.repeat(70_000)}`))).toThrow(/more than 65536/);
    expect(() => parse(Buffer.from('RTSP/1.0 200 OK\r\nContent-Length: 9999999\r\n\r\n'))).toThrow(/more than 1000000/);
    const slow = Buffer.from(
      `RTSP/1.0 200 OK\r\nContent-Length: 30000\r\nX: ${'a'.repeat(20_000)}\r\n\r\n${'b'.repeat(30_000)}`,
    );
    expect(parse(slow, Array.from(slow.keys()))).toHaveLength(1);
  });

  it.each(['-99999', 'many', '', '1e3', 'NaN'])('may have a body of %s bytes', (length) => {
    const message = Buffer.from(`RTSP/1.0 200 OK\r\nContent-Length: ${length}\r\n\r\n`);
    const rest = length === '1e3' ? 'x' : '';
    expect(parse(Buffer.concat([message, Buffer.from(rest), packet(0, 5)]))).toEqual([
      [200, 'OK', [], rest],
      [0, '806005'],
    ]);
  });

  it('says nothing to a terminal, and not too much', () => {
    const [[, reason]] = parse(
      Buffer.from(`RTSP/1.0 500 \x1b[2J\x9b\u202e${'a'.repeat(500)}\r\n\r\n`, 'latin1'),
    ) as string[][];
    expect(reason).toHaveLength(100);
    expect(reason).toMatch(/^\?\[2J\?[^\p{Cc}]+$/u);
  });
});
