import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { type Request, type Response, RtspParser } from './parser.js';

interface Waiting {
  resolve(response: Response): void;
  reject(error: Error): void;
}

/** Requests that may wait for their answers: a camera need not answer what only keeps it awake. */
const MOST_WAITING = 8;

/** Requests and answers of RTSP 1.0 (RFC 2326), with RTP packets in between: its TCP connection carries both. */
export class RtspConnection {
  readonly #socket: Socket;
  #sequence = 0;
  /** By sequence number, the oldest first. */
  readonly #waiting = new Map<number, Waiting>();
  #failure: Error | undefined;
  #closing = false;
  /** Called with every packet, which is to be copied by whoever keeps it. */
  onPacket: (packet: Buffer, channel: number) => void = () => {};
  /** The connection is closed, and no packet comes any more: by us, or for `failure`. */
  onClose: (failure: Error | undefined) => void = () => {};

  private constructor(socket: Socket) {
    this.#socket = socket;
    const parser = new RtspParser({
      onPacket: (packet, channel) => this.onPacket(packet, channel),
      onResponse: (response) => this.#answered(response),
      onRequest: (request) => this.#answer(request),
    });
    socket.setNoDelay();
    socket.on('error', (error) => this.#fail(error));
    socket.on('data', (chunk) => {
      try {
        if (!this.#failure) parser.push(chunk);
      } catch (error) {
        this.#fail(error as Error);
      }
    });
    socket.on('end', () => this.#fail(new Error('the camera closed the connection')));
    socket.on('close', () => {
      this.#rejectAll(this.#failure ?? new Error('the connection is closed'));
      this.onClose(this.#failure);
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
      if (!this.#socket.writable) return reject(this.#failure ?? new Error('the connection is closed'));
      if (this.#waiting.size < MOST_WAITING) this.#waiting.set(sequence, { resolve, reject });
      else reject(new Error('the camera does not answer'));
      this.#send([`${method} ${uri} RTSP/1.0`, ...lines.map((pair) => pair.join(': '))]);
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
    this.#closing = true;
    this.onPacket = () => {};
    this.#socket.destroySoon();
  }

  /** What a camera told us, and goes back to it, may hold line breaks. */
  #send(lines: readonly string[]): void {
    this.#socket.write([...lines.map((line) => line.replace(/\p{Cc}/gu, '')), '', ''].join('\r\n'));
  }

  /** Some cameras count wrong, or not at all: then it is the answer to what has waited longest. */
  #answered(response: Response): void {
    // `100 Continue` and its like come before the answer.
    if (response.status < 200) return;
    const numbered = Number.parseInt(response.headers('CSeq')[0] ?? '', 10);
    const sequence = this.#waiting.has(numbered) ? numbered : this.#waiting.keys().next().value;
    if (sequence === undefined) return;
    const waiting = this.#waiting.get(sequence);
    this.#waiting.delete(sequence);
    waiting?.resolve(response);
  }

  /** Cameras ask, too: whether we are still there, mostly. */
  #answer({ method, headers }: Request): void {
    if (!/^[A-Z_]+$/.test(method) || !this.#socket.writable) return;
    const status = method === 'OPTIONS' || method === 'GET_PARAMETER' ? '200 OK' : '501 Not Implemented';
    this.#send([`RTSP/1.0 ${status}`, `CSeq: ${headers('CSeq')[0] ?? '0'}`]);
    if (method === 'TEARDOWN' || method === 'REDIRECT') this.#fail(new Error('the camera ended the session'));
  }

  #fail(error: Error): void {
    if (!this.#closing) this.#failure ??= error;
    this.#rejectAll(error);
    this.#socket.destroy();
  }

  #rejectAll(error: Error): void {
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
  }
}
