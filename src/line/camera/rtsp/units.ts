import type { Format } from './format.js';

/** Bytes behind a unit's header that tell what begins with it. */
const TELLING = 5;

/** What is told of NAL units as they come. */
export interface UnitListener {
  /** A unit has begun; `unit` has its header and enough of what is behind to tell what it is, or all of it. */
  onBegin(unit: Uint8Array): void;
  /** More of it. */
  onMore(part: Uint8Array): void;
  /** A part came whose unit's begin did not. */
  onOrphan(): void;
}

/**
 * Takes NAL units out of RTP payloads: one alone, several together, or parts of one (RFC 6184, section 5.6; RFC 7798,
 * section 4.4).
 */
export class Units {
  readonly #format: Format;
  readonly #listener: UnitListener;
  #open = false;
  /** The begin of a unit of which too little has come to tell what it is. */
  #opening: Buffer | undefined;

  constructor(format: Format, listener: UnitListener) {
    this.#format = format;
    this.#listener = listener;
  }

  /** A unit has come in part, and goes on. */
  get open(): boolean {
    return this.#open;
  }

  push(payload: Buffer): void {
    const { headerBytes, type, aggregate, fragment } = this.#format;
    if (payload.length <= headerBytes) return;
    if (type(payload) === fragment) {
      this.#pushFragment(payload);
      return;
    }
    this.#close();
    if (type(payload) !== aggregate) {
      this.#listener.onBegin(payload);
      return;
    }
    for (let at = headerBytes; at + 2 < payload.length; ) {
      const end = at + 2 + payload.readUInt16BE(at);
      if (end - at - 2 > headerBytes) this.#listener.onBegin(payload.subarray(at + 2, end));
      at = end;
    }
  }

  /** Forgets the unit that goes on: what comes next is no part of it. @returns whether its begin had been told */
  interrupt(): boolean {
    const told = this.#open && this.#opening === undefined;
    this.#open = false;
    this.#opening = undefined;
    return told;
  }

  #pushFragment(payload: Buffer): void {
    const { headerBytes, header } = this.#format;
    const [begins, ends] = [(payload[headerBytes] & 0x80) !== 0, (payload[headerBytes] & 0x40) !== 0];
    const part = payload.subarray(headerBytes + 1);
    if (begins) {
      this.#close();
      this.#open = true;
      this.#opening = Buffer.concat([header(payload), part]);
    } else if (!this.#open) this.#listener.onOrphan();
    else if (this.#opening) this.#opening = Buffer.concat([this.#opening, part]);
    else this.#listener.onMore(part);
    if (ends) this.#close();
    else if (this.#opening && this.#opening.length >= headerBytes + TELLING) this.#tell();
  }

  #close(): void {
    if (this.#opening && this.#opening.length > this.#format.headerBytes) this.#tell();
    this.interrupt();
  }

  #tell(): void {
    this.#listener.onBegin(this.#opening!);
    this.#opening = undefined;
  }
}
