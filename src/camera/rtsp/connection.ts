import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

export interface Response {
  readonly status: number;
  /** The status in words. */
  readonly reason: string;
  /** Values of a header, in order. */
  headers(name: string): string[];
  readonly body: string;
}

/** Bytes that may be waited for: the headers and body of one answer. */
const LONGEST = 1e6;
/** What a packet between the answers begins with. */
const DOLLAR = 0x24;

interface Waiting {
  resolve(response: Response): void;
  reject(error: Error): void;
}

/** Requests and answers of RTSP 1.0 (RFC 2326), with RTP packets in between: its TCP connection carries both. */
export class RtspConnection {
  readonly #socket: Socket;
  #received: Buffer = Buffer.alloc(0);
  #sequence = 0;
  readonly #waiting = new Map<number, Waiting>();
  /** Called with every packet. */
  onPacket: (packet: Buffer, channel: number) => void = () => {};
  /** The connection is closed, by whomever: no packet comes any more. */
  onClose: () => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    socket.setNoDelay();
    socket.on('error', () => {});
    socket.on('data', (chunk) => this.#take(chunk));
    socket.on('close', () => {
      for (const { reject } of this.#waiting.values()) reject(new Error('the camera closed the connection'));
      this.#waiting.clear();
      this.onClose();
    });
  }

  /** @throws what the network says, or the signal's reason */
  static async open(host: string, port: number, signal?: AbortSignal): Promise<RtspConnection> {
    const socket = connect({ host, port });
    try {
      await once(socket, 'connect', { signal });
    } catch (error) {
      socket.on('error', () => {}).destroy();
      throw error;
    }
    return new RtspConnection(socket);
  }

  /** @throws when the connection is closed before the answer */
  request(method: string, uri: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const sequence = ++this.#sequence;
    const lines = Object.entries({ CSeq: String(sequence), 'User-Agent': 'kdad-edge', ...headers });
    return new Promise((resolve, reject) => {
      if (!this.#socket.writable) return reject(new Error('the connection is closed'));
      this.#waiting.set(sequence, { resolve, reject });
      this.#socket.write([`${method} ${uri} RTSP/1.0`, ...lines.map((pair) => pair.join(': ')), '', ''].join('\r\n'));
    });
  }

  /** Nothing more is read until `resume`: the camera has to wait. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    this.#socket.resume();
  }

  /** What has been asked is still sent; no packet comes any more. */
  close(): void {
    this.onPacket = () => {};
    this.#socket.destroySoon();
  }

  #take(chunk: Buffer): void {
    const bytes = this.#received.length > 0 ? Buffer.concat([this.#received, chunk]) : chunk;
    let at = 0;
    for (let length = -1; length !== 0; at += length) length = this.#takeOne(bytes.subarray(at));
    // A copy, so that what is left of a chunk does not hold all of it.
    this.#received = Buffer.from(bytes.subarray(at));
    if (this.#received.length > LONGEST) this.#socket.destroy();
  }

  /** Takes a packet or an answer. @returns how many bytes that were; 0 when it is not whole yet */
  #takeOne(bytes: Buffer): number {
    if (bytes.length < 4) return 0;
    if (bytes[0] === DOLLAR) {
      const end = 4 + bytes.readUInt16BE(2);
      if (bytes.length < end) return 0;
      this.onPacket(bytes.subarray(4, end), bytes[1]);
      return end;
    }
    const gap = bytes.indexOf('\r\n\r\n');
    if (gap === -1) return 0;
    const [first, ...lines] = bytes.toString('latin1', 0, gap).trimStart().split('\r\n');
    const headers = (name: string) =>
      lines
        .filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`))
        .map((line) => line.slice(name.length + 1).trim());
    const end = gap + 4 + Math.max(0, Number.parseInt(headers('Content-Length')[0] ?? '', 10) || 0);
    if (bytes.length < end) return 0;
    // What the camera asks of us begins otherwise, and needs no answer.
    const [, status, reason] = /^RTSP\/\d\.\d (\d+) ?(.*)$/.exec(first) ?? [];
    const sequence = Number(headers('CSeq')[0]);
    const waiting = status === undefined ? undefined : this.#waiting.get(sequence);
    waiting?.resolve({ status: Number(status), reason, headers, body: bytes.toString('utf8', gap + 4, end) });
    if (waiting) this.#waiting.delete(sequence);
    return end;
  }
}
