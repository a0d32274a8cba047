import type { VideoDescription } from './description.js';
import { type Format, formats, START } from './format.js';
import { GrowingBytes } from './growing-bytes.js';
import { MarkerTrust } from './marker-trust.js';
import { readPacket } from './packet.js';
import { Sequence } from './sequence.js';
import { Units } from './units.js';

/**
 * Bytes that no picture has: what grows beyond is given up, so that a camera which never ends one does not fill the
 * memory.
 */
export const LARGEST_FRAME = 32e6;

/** A picture as it was encoded: a frame, or a field of an interlaced one. */
export interface EncodedPicture {
  /**
   * NAL units with start codes, and a delimiter behind them: by that a decoder sees the end at once, not by the begin
   * of the next one.
   */
  readonly bytes: Buffer;
  /** It can be decoded without the ones before. */
  readonly key: boolean;
  /** It comes after a key picture, and may need what was before that. */
  readonly leading: boolean;
  /**
   * Pictures after which all is as it was meant though nothing before this one was there; see `recoveryPoint`.
   * Undefined where it does not say.
   */
  readonly recovery: number | undefined;
  /** Others may need it. */
  readonly reference: boolean;
  /** Why it is no whole picture: packets are missing (`gap`), or the begin of it was taken for all of it (`cut`). */
  readonly damage: 'gap' | 'cut' | undefined;
  /** Packets before it are missing, and other pictures with them, perhaps. */
  readonly afterGap: boolean;
}

/**
 * Makes pictures of RTP packets (RFC 3550) that come in order, H.264 or H.265. A picture ends where the next one
 * begins, as the units themselves tell; with the packet that has the marker where that has proved right.
 */
export class AccessUnits {
  readonly #format: Format;
  readonly #payloadType: number;
  readonly #sequence = new Sequence();
  readonly #trust = new MarkerTrust();
  readonly #units: Units;
  readonly #done: EncodedPicture[] = [];
  #bytes = new GrowingBytes();
  /** Where the last unit begins in them. */
  #unitBegin = 0;
  /** A slice has come. */
  #hasPicture = false;
  #key = false;
  #leading = false;
  #recovery: number | undefined;
  #reference = false;
  #damage: EncodedPicture['damage'];
  #afterGap = false;
  #marks = 0;
  #lastMarked = false;
  /** Of the slice that came last. */
  #firstBlock = 0;
  /** The marker ended the last picture, and none has begun since. */
  #endedByMarker = false;

  /** Its parameter sets go before the first picture. */
  constructor({
    codec,
    payloadType,
    parameterSets,
  }: Pick<VideoDescription, 'codec' | 'payloadType' | 'parameterSets'>) {
    this.#format = formats[codec];
    this.#payloadType = payloadType;
    this.#units = new Units(this.#format, {
      onBegin: (unit) => this.#begin(unit),
      onMore: (part) => this.#bytes.add(part),
      onOrphan: () => this.#partMissing(),
    });
    for (const unit of parameterSets) this.#write(unit);
  }

  /** Takes the next packet; returns the pictures that it ends. What is no packet of this video is passed over. */
  push(bytes: Buffer): EncodedPicture[] {
    const packet = readPacket(bytes, this.#payloadType);
    const step = packet && this.#sequence.next(packet.sequence);
    if (!packet || step === 'late') return [];
    if (step === 'gap') this.#packetsMissing();
    this.#units.push(packet.payload);
    if (this.#bytes.length > LARGEST_FRAME) {
      this.#bytes = new GrowingBytes();
      this.#packetsMissing();
    }
    if (this.#hasPicture) this.#mark(packet.marked);
    return this.#done.splice(0);
  }

  #begin(unit: Uint8Array): void {
    const type = this.#format.type(unit);
    if (this.#format.isPicture(type)) this.#beginSlice(unit, type);
    else if (this.#hasPicture && this.#format.isBefore(type)) this.#endByNext();
    this.#recovery ??= this.#format.recovery(unit);
    this.#write(unit);
  }

  #write(unit: Uint8Array): void {
    this.#unitBegin = this.#bytes.length;
    this.#bytes.add(START);
    this.#bytes.add(unit);
  }

  #beginSlice(slice: Uint8Array, type: number): void {
    const block = this.#format.firstBlock(slice);
    // Not only 0: the first slice may be missing where packets have no numbers.
    const isFirst = block !== undefined && block <= this.#firstBlock;
    if (this.#hasPicture && isFirst) this.#endByNext();
    if (!this.#hasPicture) {
      this.#hasPicture = true;
      if (this.#afterGap) this.#damage = block === 0 ? undefined : 'gap';
      else if (this.#endedByMarker && !isFirst) {
        this.#trust.lied();
        this.#damage = 'cut';
      }
      this.#endedByMarker = false;
    }
    this.#firstBlock = block ?? this.#firstBlock;
    this.#key ||= this.#format.isKey(type);
    this.#leading ||= this.#format.isLeading(type);
    this.#reference ||= this.#format.isReference(slice);
  }

  #mark(marked: boolean): void {
    this.#lastMarked = marked;
    if (!marked) return;
    this.#marks++;
    if (!this.#trust.trusted) return;
    if (this.#units.open) {
      this.#trust.lied();
      return;
    }
    this.#end();
    this.#endedByMarker = true;
  }

  #packetsMissing(): void {
    if (this.#units.interrupt()) this.#bytes.cut(this.#unitBegin);
    this.#partMissing();
    if (this.#hasPicture) this.#end();
    this.#afterGap = true;
  }

  #partMissing(): void {
    if (this.#hasPicture) this.#damage = 'gap';
    else this.#afterGap = true;
  }

  #endByNext(): void {
    this.#trust.pictureEnded({ marks: this.#marks, lastMarked: this.#lastMarked });
    this.#end();
  }

  #end(): void {
    this.#bytes.add(this.#format.delimiter);
    this.#done.push({
      bytes: this.#bytes.take(),
      key: this.#key,
      leading: this.#leading,
      recovery: this.#recovery,
      reference: this.#reference,
      damage: this.#damage,
      afterGap: this.#afterGap,
    });
    this.#hasPicture = false;
    this.#key = false;
    this.#leading = false;
    this.#recovery = undefined;
    this.#reference = false;
    this.#damage = undefined;
    this.#afterGap = false;
    this.#marks = 0;
    this.#lastMarked = false;
  }
}
