/**
 * Bytes of a packet that we take from a broker: commands have 4 kB at most, and a topic 64 kB. MQTT 5 brokers are told
 * and send nothing larger; for 3.1.1, which cannot tell, see `PacketLimit`.
 */
export const LARGEST_PACKET = 131_072;

/** The type of a packet is the upper half of its first byte (OASIS MQTT 5.0, section 2.1.2). */
const PUBLISH = 3;

/**
 * Cuts messages short in a broker's stream, so that a large one takes no memory: what is left of it still says where it
 * came from, and is too large for any command.
 */
export class PacketLimit {
  readonly #limit: number;
  /** Of a fixed header that is not whole yet. */
  #header: number[] = [];
  /** Bytes of the packet that are still to come: to be handed on, and then to be left out. */
  #pass = 0;
  #skip = 0;

  constructor(limit = LARGEST_PACKET) {
    this.#limit = limit;
  }

  /**
   * @param chunk of the stream
   * @returns what is handed on
   * @throws Error when a packet that is no message is too large
   */
  next(chunk: Buffer): Buffer {
    const kept: Buffer[] = [];
    for (let at = 0; at < chunk.length; ) {
      if (this.#pass === 0 && this.#skip === 0) {
        this.#header.push(chunk[at++]);
        if (this.#headerIsWhole()) kept.push(this.#begin());
        continue;
      }
      const passing = chunk.subarray(at, at + this.#pass);
      if (passing.length > 0) kept.push(passing);
      this.#pass -= passing.length;
      at += passing.length;
      const skipped = this.#pass === 0 ? Math.min(this.#skip, chunk.length - at) : 0;
      this.#skip -= skipped;
      at += skipped;
    }
    return kept.length === 1 ? kept[0] : Buffer.concat(kept);
  }

  /** The first byte, and up to four of the length: all but the last have their highest bit set. */
  #headerIsWhole(): boolean {
    const { length } = this.#header;
    return length > 1 && ((this.#header[length - 1] & 0x80) === 0 || length === 5);
  }

  #begin(): Buffer {
    const [first, ...lengthBytes] = this.#header;
    const length = lengthBytes.reduce((sum, byte, i) => sum + (byte & 0x7f) * 128 ** i, 0);
    this.#header = [];
    this.#pass = Math.min(length, this.#limit);
    this.#skip = length - this.#pass;
    if (this.#skip === 0) return Buffer.from([first, ...lengthBytes]);
    if (first >> 4 !== PUBLISH) throw new Error(`a packet of ${length} bytes came, expected at most ${this.#limit}`);
    return Buffer.from([first, ...variableLength(this.#pass)]);
  }
}

function variableLength(value: number): number[] {
  const rest = Math.floor(value / 128);
  return rest === 0 ? [value] : [(value % 128) | 0x80, ...variableLength(rest)];
}
