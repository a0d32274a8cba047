import { plain } from '../redact.js';

/** What a camera answers. */
export interface Response {
  readonly status: number;
  /** The status in words: short, and without what a terminal would obey. */
  readonly reason: string;
  /** Values of a header, in order. */
  headers(name: string): string[];
  readonly body: string;
}

/** What a camera asks of us. */
export interface Request {
  readonly method: string;
  headers(name: string): string[];
}

/** Told of what comes, in order. */
export interface Listener {
  /** @param packet to be copied by whoever keeps it */
  onPacket(packet: Buffer, channel: number): void;
  onResponse(response: Response): void;
  onRequest(request: Request): void;
}

/** Bytes that the lines of one message may have, and its body. */
const LONGEST_HEAD = 65_536;
const LONGEST_BODY = 1_000_000;
const LONGEST_REASON = 100;
/** What a packet between the messages begins with: `$`, then channel and length (RFC 2326, 10.12). */
const DOLLAR = 0x24;
const PACKET_HEAD = 4;
/** What an answer begins with. */
const NAME = 'RTSP/';
const FIRST_OF_NAME = 0x52;
/** Where packets are looked for among what is none, they have such a channel at most. */
const LAST_CHANNEL = 15;

/**
 * Takes a camera's bytes apart, however they are cut: messages of RTSP 1.0 (RFC 2326) and packets of RTP in between. It
 * is as liberal as ffmpeg: lines may end without CR, headers may go on in the next line, and what is neither message
 * nor packet is passed over.
 */
export class RtspParser {
  readonly #listener: Listener;
  #bytes = Buffer.allocUnsafe(LONGEST_HEAD);
  #begin = 0;
  #end = 0;
  /** Up to here the end of a message's lines has been looked for. */
  #searched = 0;
  /** So many bytes must be there before another attempt makes sense. */
  #needed = 0;
  /** What came before was neither message nor packet. */
  #lost = false;

  constructor(listener: Listener) {
    this.#listener = listener;
  }

  /** Takes the next bytes. @throws Error for a message that is longer than any camera's */
  push(chunk: Uint8Array): void {
    this.#append(chunk);
    while (this.#takeOne());
  }

  #append(chunk: Uint8Array): void {
    const pending = this.#end - this.#begin;
    if (this.#end + chunk.length > this.#bytes.length) {
      const enough = pending + chunk.length;
      const room = enough > this.#bytes.length ? Buffer.allocUnsafe(2 * enough) : this.#bytes;
      this.#bytes.copy(room, 0, this.#begin, this.#end);
      [this.#bytes, this.#searched] = [room, this.#searched - this.#begin];
      [this.#begin, this.#end] = [0, pending];
    }
    this.#bytes.set(chunk, this.#end);
    this.#end += chunk.length;
  }

  /** @returns whether there may be more to take */
  #takeOne(): boolean {
    if (this.#end - this.#begin < Math.max(1, this.#needed) || (this.#lost && !this.#find())) return false;
    this.#needed = 0;
    const first = this.#bytes[this.#begin];
    if (first === DOLLAR) return this.#takePacket();
    if (this.#mayBeMessage()) return this.#takeMessage();
    this.#lost = first !== 0x0a && first !== 0x0d;
    this.#begin++;
    return true;
  }

  #takePacket(): boolean {
    const pending = this.#end - this.#begin;
    this.#needed = pending < PACKET_HEAD ? PACKET_HEAD : PACKET_HEAD + this.#bytes.readUInt16BE(this.#begin + 2);
    if (pending < this.#needed) return false;
    const [channel, from] = [this.#bytes[this.#begin + 1], this.#begin + PACKET_HEAD];
    this.#begin += this.#needed;
    this.#needed = 0;
    this.#listener.onPacket(this.#bytes.subarray(from, this.#begin), channel);
    return true;
  }

  /** By its first line, or what there is of it. */
  #mayBeMessage(): boolean {
    const [line, more] = this.#bytes
      .toString('latin1', this.#begin, Math.min(this.#end, this.#begin + 200))
      .split(/[\r\n]/, 2);
    if (/^[A-Za-z]+\/\d/.test(line)) return true;
    return more === undefined ? /^[A-Za-z_]+\/?(?: [\x20-\x7e]*)?$/.test(line) : /^[A-Z_]+ \S+ RTSP\/\d/.test(line);
  }

  #takeMessage(): boolean {
    const head = this.#endOfHead();
    if ((head ?? this.#end) - this.#begin > LONGEST_HEAD) {
      throw new Error(`the camera sends a message of more than ${LONGEST_HEAD} bytes`);
    }
    if (head === undefined) return false;
    const text = this.#bytes.toString('latin1', this.#begin, head);
    // A line that begins with a blank goes on from the one before (RFC 2326, 4: as in HTTP).
    const [first, ...lines] = text.replace(/\r?\n[ \t]+/g, ' ').split(/\r?\n/);
    const headers = (name: string) =>
      lines.flatMap((line) => {
        const colon = line.indexOf(':');
        return line.slice(0, colon).trim().toLowerCase() === name.toLowerCase() ? [line.slice(colon + 1).trim()] : [];
      });
    const length = Math.max(0, Number.parseInt(headers('Content-Length')[0] ?? '', 10) || 0);
    if (length > LONGEST_BODY)
      throw new Error(`the camera sends a message of ${length} bytes, more than ${LONGEST_BODY}`);
    this.#needed = head + length - this.#begin;
    if (head + length > this.#end) return false;
    const body = this.#bytes.toString('utf8', head, head + length);
    this.#begin = head + length;
    this.#needed = 0;
    const [, status, reason] = /^\w+\/[\d.]+\s+(\d{3})\s*(.*)$/s.exec(first) ?? [];
    if (status) {
      const words = plain(reason).trim().slice(0, LONGEST_REASON);
      this.#listener.onResponse({ status: Number(status), reason: words, headers, body });
    } else this.#listener.onRequest({ method: first.split(/\s/, 1)[0], headers });
    return true;
  }

  /** @returns where the body begins; undefined while the lines go on */
  #endOfHead(): number | undefined {
    for (let at = Math.max(this.#searched, this.#begin); ; ) {
      const line = this.#bytes.subarray(0, this.#end).indexOf(0x0a, at);
      if (line === -1) {
        this.#searched = this.#end;
        return undefined;
      }
      const next = this.#bytes[line + 1] === 0x0d ? line + 2 : line + 1;
      if (next >= this.#end) {
        this.#searched = line;
        return undefined;
      }
      if (this.#bytes[next] === 0x0a) return next + 1;
      at = line + 1;
    }
  }

  /** Passes over what is neither message nor packet. @returns whether one of them begins now */
  #find(): boolean {
    for (; this.#begin < this.#end; this.#begin++) {
      const first = this.#bytes[this.#begin];
      if (first !== DOLLAR && first !== FIRST_OF_NAME) continue;
      const from = this.#bytes.subarray(this.#begin, Math.min(this.#end, this.#begin + NAME.length));
      // Packets of RTP and RTCP begin with their version, 2.
      const isPacket = from[1] <= LAST_CHANNEL && from[4] >> 6 === 2;
      this.#lost = first === DOLLAR ? !isPacket : from.toString('latin1') !== NAME;
      if (!this.#lost) return true;
      if (from.length < NAME.length) return false;
    }
    return false;
  }
}
