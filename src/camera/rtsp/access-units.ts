import type { Codec } from '../hardware.js';
import type { VideoDescription } from './description.js';

const START = Buffer.from([0, 0, 0, 1]);

/** Bytes that no frame has: what grows beyond is given up, so that a camera which never ends one does not fill the memory. */
export const LARGEST_FRAME = 32e6;

/** What tells the codecs apart here: their NAL units' types, and how packets hold several units, or a part of one. */
interface Format {
  readonly headerBytes: number;
  type(unit: Uint8Array): number;
  /** Whether units of this type are part of the picture. */
  isPicture(type: number): boolean;
  readonly aggregate: number;
  readonly fragment: number;
  /** The header of the unit that a fragment is a part of. */
  header(packet: Uint8Array): Uint8Array;
  /** An access unit delimiter. */
  readonly delimiter: Buffer;
}

const formats: Readonly<Record<Codec, Format>> = {
  /** RFC 6184. */
  h264: {
    headerBytes: 1,
    type: ([first]) => first & 31,
    isPicture: (type) => type >= 1 && type <= 5,
    aggregate: 24,
    fragment: 28,
    header: ([first, second]) => Uint8Array.of((first & 0xe0) | (second & 31)),
    delimiter: Buffer.from([...START, 9, 0xf0]),
  },
  /** RFC 7798. */
  hevc: {
    headerBytes: 2,
    type: ([first]) => (first >> 1) & 63,
    isPicture: (type) => type < 32,
    aggregate: 48,
    fragment: 49,
    header: ([first, second, third]) => Uint8Array.of((first & 0x81) | ((third & 63) << 1), second),
    delimiter: Buffer.from([...START, 0x46, 1, 0x50]),
  },
};

/**
 * Makes frames of RTP packets (RFC 3550) that come in order: H.264 or H.265 with start codes, each frame whole and followed by a delimiter.
 * By that a decoder sees the end of a frame at once, and not by the begin of the next one.
 */
export class AccessUnits {
  readonly #format: Format;
  readonly #payloadType: number;
  #parts: Uint8Array[] = [];
  #timestamp: number | undefined;
  #hasPicture = false;
  #bytes = 0;

  /** Its parameter sets go before the first frame. */
  constructor({
    codec,
    payloadType,
    parameterSets,
  }: Pick<VideoDescription, 'codec' | 'payloadType' | 'parameterSets'>) {
    this.#format = formats[codec];
    this.#payloadType = payloadType;
    for (const unit of parameterSets) this.#parts.push(START, unit);
  }

  /** Takes the next packet; returns the frames that it ends. What is no packet of this video is passed over. */
  push(packet: Buffer): Buffer[] {
    const payload = this.#payloadOf(packet);
    if (!payload || payload.length <= this.#format.headerBytes) return [];
    const frames: Buffer[] = [];
    const timestamp = packet.readUInt32BE(4);
    // A camera may forget the marker.
    if (timestamp !== this.#timestamp && this.#hasPicture) frames.push(this.#take());
    this.#timestamp = timestamp;
    this.#bytes += payload.length;
    if (this.#bytes > LARGEST_FRAME) this.#forget();
    this.#add(payload);
    const marked = (packet[1] & 0x80) !== 0;
    // Some mark parameter sets, too.
    if (marked && this.#hasPicture) frames.push(this.#take());
    return frames;
  }

  #payloadOf(packet: Buffer): Buffer | undefined {
    if (packet.length < 12 || packet[0] >> 6 !== 2 || (packet[1] & 0x7f) !== this.#payloadType) return undefined;
    let begin = 12 + 4 * (packet[0] & 15);
    if (packet[0] & 0x10) {
      if (packet.length < begin + 4) return undefined;
      begin += 4 + 4 * packet.readUInt16BE(begin + 2);
    }
    const padding = packet[0] & 0x20 ? packet[packet.length - 1] : 0;
    return packet.subarray(begin, Math.max(begin, packet.length - padding));
  }

  #add(payload: Buffer): void {
    const { headerBytes, type, aggregate, fragment, header } = this.#format;
    switch (type(payload)) {
      case aggregate:
        for (let at = headerBytes; at + 2 < payload.length; ) {
          const end = at + 2 + payload.readUInt16BE(at);
          if (end > at + 2) this.#begin(payload.subarray(at + 2, end));
          at = end;
        }
        break;
      case fragment:
        if (payload[headerBytes] & 0x80) this.#begin(header(payload));
        this.#parts.push(payload.subarray(headerBytes + 1));
        break;
      default:
        this.#begin(payload);
    }
  }

  #begin(unit: Uint8Array): void {
    this.#parts.push(START, unit);
    this.#hasPicture ||= this.#format.isPicture(this.#format.type(unit));
  }

  #take(): Buffer {
    const frame = Buffer.concat([...this.#parts, this.#format.delimiter]);
    this.#forget();
    return frame;
  }

  #forget(): void {
    this.#parts = [];
    this.#hasPicture = false;
    this.#bytes = 0;
  }
}
