import { once } from 'node:events';
import { createServer } from 'node:net';
import { accessUnits } from './access-units.js';

/** Bytes of an RTP packet's payload at most, as over Ethernet. */
const LARGEST = 1400;
/** Ticks a second of H.264's RTP clock (RFC 6184). */
const CLOCK = 90_000;

/**
 * A network camera on 127.0.0.1 that sends encoded frames over RTSP (RFC 2326, interleaved in its TCP connection) and
 * notes when each one left it. It begins each time with the first frame, a key frame, as cameras do that make one for
 * whoever connects.
 */
export class RtspCamera {
  #stream;
  #fps;
  #units;
  #sockets = new Set();
  #server = createServer((socket) => this.#talk(socket));
  /**
   * When the last byte of each frame was handed to the socket, milliseconds since the epoch; of the last connection.
   */
  sent = [];
  /** The transports that viewers asked for (RFC 2326, 12.39), one after the other; only TCP is to be had. */
  transports = [];

  /** @param stream path of bare H.264 with delimiters of access units; it is sent over and over */
  constructor(stream, fps) {
    this.#stream = stream;
    this.#fps = fps;
  }

  /** @returns its address */
  async start() {
    this.#units = await accessUnits(this.#stream);
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    return `rtsp://127.0.0.1:${this.#server.address().port}/camera`;
  }

  /** Ends the stream, as a camera does that is switched off. */
  stop() {
    this.#server.close();
    for (const socket of this.#sockets) socket.end();
  }

  #talk(socket) {
    this.#sockets.add(socket.setNoDelay());
    let timer;
    let asked = '';
    const play = () => {
      const begin = performance.now();
      this.sent = [];
      const stream = new Packets(socket);
      const next = () => {
        if (socket.writableEnded) return;
        const frame = this.sent.length;
        stream.send(this.#units[frame % this.#units.length], Math.round((frame * CLOCK) / this.#fps));
        this.sent.push(performance.timeOrigin + performance.now());
        timer = setTimeout(next, begin + (1000 * (frame + 1)) / this.#fps - performance.now());
      };
      next();
    };
    socket.setEncoding('latin1').on('data', (text) => {
      asked += text;
      const blocks = asked.split('\r\n\r\n');
      asked = blocks.pop();
      for (const block of blocks) {
        // What the viewer says of its reception (RTCP, binary) may come before a request, and is nothing to us.
        const [request, method] = /([A-Z_]+) rtsp:.*$/s.exec(block) ?? [];
        if (!request) continue;
        socket.write(this.#answer(method, request));
        if (method === 'PLAY') play();
      }
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      clearTimeout(timer);
      this.#sockets.delete(socket);
    });
  }

  #answer(method, request) {
    const transport = /^Transport: *([^;]*)/im.exec(request)?.[1];
    const refused = method === 'SETUP' && transport !== 'RTP/AVP/TCP';
    if (method === 'SETUP') this.transports.push(transport);
    const status = refused ? '461 Unsupported Transport' : '200 OK';
    const lines = [`RTSP/1.0 ${status}`, `CSeq: ${/^CSeq: *(\d+)/im.exec(request)[1]}`];
    if (method === 'OPTIONS') lines.push('Public: DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER');
    if (method === 'SETUP' && !refused) lines.push('Transport: RTP/AVP/TCP;unicast;interleaved=0-1');
    if (method !== 'OPTIONS' && method !== 'DESCRIBE') lines.push('Session: 1');
    const description = method === 'DESCRIBE' ? this.#describe() : '';
    if (description) lines.push('Content-Type: application/sdp', `Content-Length: ${description.length}`);
    return `${lines.join('\r\n')}\r\n\r\n${description}`;
  }

  #describe() {
    const typed = (type) => this.#units[0].find((unit) => (unit[0] & 31) === type);
    const [sequence, picture] = [typed(7), typed(8)];
    return [
      ...['v=0', 'o=- 1 1 IN IP4 127.0.0.1', 's=camera', 't=0 0', 'm=video 0 RTP/AVP 96', 'c=IN IP4 0.0.0.0'],
      ...['a=rtpmap:96 H264/90000', `a=framerate:${this.#fps}`, 'a=control:video'],
      `a=fmtp:96 packetization-mode=1;profile-level-id=${sequence.toString('hex', 1, 4)};` +
        `sprop-parameter-sets=${sequence.toString('base64')},${picture.toString('base64')}`,
      '',
    ].join('\r\n');
  }
}

/** RTP packets (RFC 3550) of H.264 (RFC 6184), interleaved in a socket. */
class Packets {
  #socket;
  #sequence = 0;

  constructor(socket) {
    this.#socket = socket;
  }

  /** One frame; the last packet of it carries the marker. */
  send(units, timestamp) {
    this.#socket.cork();
    for (const [i, unit] of units.entries()) {
      const last = i === units.length - 1;
      if (unit.length <= LARGEST) this.#packet([unit], timestamp, last);
      else {
        for (let from = 1; from < unit.length; from += LARGEST) {
          const end = from + LARGEST >= unit.length;
          const edge = (from === 1 ? 0x80 : 0) | (end ? 0x40 : 0);
          const fragment = Buffer.from([(unit[0] & 0xe0) | 28, edge | (unit[0] & 31)]);
          this.#packet([fragment, unit.subarray(from, from + LARGEST)], timestamp, last && end);
        }
      }
    }
    this.#socket.uncork();
  }

  #packet(parts, timestamp, marked) {
    const header = Buffer.alloc(16);
    header.write('$');
    header.writeUInt16BE(12 + parts.reduce((sum, { length }) => sum + length, 0), 2);
    header[4] = 0x80;
    header[5] = 96 | (marked ? 0x80 : 0);
    header.writeUInt16BE(this.#sequence++ & 0xffff, 6);
    header.writeUInt32BE(timestamp % 2 ** 32, 8);
    header.writeUInt32BE(1, 12);
    for (const part of [header, ...parts]) this.#socket.write(part);
  }
}
