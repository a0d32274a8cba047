/** Bytes that no picture has. */
const LARGEST = 32e6;

/** Markers of JPEG (ITU-T T.81, table B.1). */
const PREFIX = 0xff;
const BEGIN = 0xd8;
const END = 0xd9;
const SCAN = 0xda;
const beginning = Buffer.from([PREFIX, BEGIN, PREFIX]);
/** They have no length behind them. */
const isBare = (marker: number) => marker === 0x01 || (marker >= 0xd0 && marker <= 0xd7);
/** Applications' data and comments, where another picture may be, a small one say. */
const holdsAnything = (marker: number) => (marker >= 0xe0 && marker <= 0xef) || marker === 0xfe;
/** Whether the data of a scan go on. */
const goesOn = (marker: number) => marker === 0 || (marker >= 0xd0 && marker <= 0xd7);

/**
 * Finds JPEGs in a stream of bytes, each as soon as its last byte has come. What is between them does not matter,
 * boundaries and lengths of multipart messages least of all: many cameras get those wrong.
 */
export class Jpegs {
  #bytes = Buffer.allocUnsafe(65_536);
  #length = 0;
  /** How far the picture at the begin of the bytes has been read. */
  #at = 0;
  #state: 'between' | 'segments' | 'scan' = 'between';
  #broken = 0;

  /** Pictures so far that had no end. */
  get broken(): number {
    return this.#broken;
  }

  /** A picture has begun, and its end has not come. */
  get open(): boolean {
    return this.#state !== 'between';
  }

  /**
   * Takes the next bytes; returns the pictures that they complete.
   * @throws Error for a picture that is larger than any camera's
   */
  push(chunk: Uint8Array): Buffer[] {
    if (this.#length + chunk.length > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(2 * (this.#length + chunk.length));
      this.#bytes.copy(larger, 0, 0, this.#length);
      this.#bytes = larger;
    }
    this.#bytes.set(chunk, this.#length);
    this.#length += chunk.length;
    const pictures: Buffer[] = [];
    while (this.#step(pictures));
    if (this.#length > LARGEST) throw new Error(`the camera sends a picture of more than ${LARGEST / 1e6} MB`);
    return pictures;
  }

  /** @returns false when more has to come first */
  #step(pictures: Buffer[]): boolean {
    if (this.#state === 'between') return this.#find();
    return this.#state === 'segments' ? this.#readSegment(pictures) : this.#readScan(pictures);
  }

  #find(): boolean {
    const begin = this.#bytes.subarray(0, this.#length).indexOf(beginning);
    this.#drop(begin === -1 ? Math.max(0, this.#length - beginning.length + 1) : begin);
    if (begin === -1) return false;
    this.#at = 2;
    this.#state = 'segments';
    return true;
  }

  #readSegment(pictures: Buffer[]): boolean {
    if (this.#length < this.#at + 2) return false;
    const marker = this.#bytes[this.#at + 1];
    if (this.#bytes[this.#at] !== PREFIX) return this.#giveUp(2);
    if (marker === END) return this.#complete(pictures);
    if (marker === BEGIN) return this.#giveUp(this.#at);
    if (marker === PREFIX || isBare(marker)) {
      this.#at += marker === PREFIX ? 1 : 2;
      return true;
    }
    if (marker < 0xc0) return this.#giveUp(2);
    if (this.#length < this.#at + 4) return false;
    const end = this.#at + 2 + this.#bytes.readUInt16BE(this.#at + 2);
    if (!holdsAnything(marker)) {
      // A picture cut here may have taken the first bytes of the next one for its own. Two bytes follow any segment.
      const reach = end + beginning.length - 1;
      if (this.#length < reach) return false;
      const other = this.#bytes.subarray(this.#at, reach).indexOf(beginning);
      if (other !== -1) return this.#giveUp(this.#at + other);
    }
    this.#at = end;
    if (marker === SCAN) this.#state = 'scan';
    return true;
  }

  #readScan(pictures: Buffer[]): boolean {
    const next = this.#bytes.subarray(0, this.#length).indexOf(PREFIX, this.#at);
    this.#at = next === -1 ? Math.max(this.#at, this.#length) : next;
    if (next === -1 || next + 1 === this.#length) return false;
    const marker = this.#bytes[next + 1];
    if (marker === END) return this.#complete(pictures);
    if (marker === BEGIN) return this.#giveUp(next);
    if (goesOn(marker) || marker === PREFIX) this.#at += marker === PREFIX ? 1 : 2;
    else if (marker < 0xc0) return this.#giveUp(next);
    else this.#state = 'segments';
    return true;
  }

  #complete(pictures: Buffer[]): boolean {
    pictures.push(Buffer.from(this.#bytes.subarray(0, this.#at + 2)));
    this.#drop(this.#at + 2);
    this.#state = 'between';
    return true;
  }

  /** The picture has no end; the next one may begin behind so many bytes. */
  #giveUp(bytes: number): boolean {
    this.#broken++;
    this.#drop(bytes);
    this.#state = 'between';
    return true;
  }

  #drop(bytes: number): void {
    this.#bytes.copyWithin(0, bytes, this.#length);
    this.#length -= bytes;
  }
}
