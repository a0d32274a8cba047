import type { Codec } from '../codec.js';
import { expGolomb, recoveryPoint } from './recovery-point.js';

export const START = Buffer.from([0, 0, 0, 1]);

/** What tells the codecs apart here: their NAL units' types, and how packets hold several units, or a part of one. */
export interface Format {
  readonly headerBytes: number;
  type(unit: Uint8Array): number;
  /** Whether units of this type are slices of a picture. */
  isPicture(type: number): boolean;
  /** Whether units of this type stand before a picture, and so end the one before: parameter sets, for example. */
  isBefore(type: number): boolean;
  /** Whether pictures with units of this type can be decoded without the ones before. */
  isKey(type: number): boolean;
  /** Whether pictures with units of this type come after a key picture, and may need what was before it. */
  isLeading(type: number): boolean;
  /** Whether other pictures may need the picture of this slice. */
  isReference(unit: Uint8Array): boolean;
  /** See `recoveryPoint`; in H.264 only pictures count that others need. */
  recovery(unit: Uint8Array): number | undefined;
  /**
   * Number of the block that a slice begins with, if only its first 5 bytes are there behind the header. Slices of a
   * picture have rising ones. Undefined where it is only known not to be the first.
   */
  firstBlock(unit: Uint8Array): number | undefined;
  readonly aggregate: number;
  readonly fragment: number;
  /** The header of the unit that a fragment is a part of. */
  header(packet: Uint8Array): Uint8Array;
  /** An access unit delimiter, with its start code. */
  readonly delimiter: Buffer;
}

export const formats: Readonly<Record<Codec, Format>> = {
  /** ITU-T H.264, sections 7.3.1, 7.3.3 and 7.4.1.2.3; RFC 6184. */
  h264: {
    headerBytes: 1,
    type: ([first]) => first & 31,
    isPicture: (type) => type >= 1 && type <= 5,
    isBefore: (type) => type >= 6 && type <= 9,
    isKey: (type) => type === 5,
    isLeading: () => false,
    isReference: ([first]) => (first & 0x60) !== 0,
    recovery: (unit) => ((unit[0] & 31) === 6 ? recoveryPoint(unit.subarray(1), false) : undefined),
    // Data partitions B and C begin otherwise, and never a picture.
    firstBlock: (unit) => ([3, 4].includes(unit[0] & 31) ? undefined : expGolomb(unit.subarray(1, 6))),
    aggregate: 24,
    fragment: 28,
    header: ([first, second]) => Uint8Array.of((first & 0xe0) | (second & 31)),
    delimiter: Buffer.from([...START, 9, 0xf0]),
  },
  /** ITU-T H.265, sections 7.3.1.2, 7.3.6.1 and 7.4.2.4.4; RFC 7798. */
  hevc: {
    headerBytes: 2,
    type: ([first]) => (first >> 1) & 63,
    isPicture: (type) => type < 32,
    isBefore: (type) => (type >= 32 && type <= 35) || type === 39 || (type >= 41 && type <= 44) || type >= 48,
    isKey: (type) => type >= 16 && type <= 21,
    isLeading: (type) => type === 8 || type === 9,
    isReference: () => true,
    recovery: (unit) => (((unit[0] >> 1) & 63) === 39 ? recoveryPoint(unit.subarray(2), true) : undefined),
    // Another layer's pictures go with the base layer's.
    firstBlock: ([first, second, third]) => (third & 0x80 && !(first & 1) && second >> 3 === 0 ? 0 : undefined),
    aggregate: 48,
    fragment: 49,
    header: ([first, second, third]) => Uint8Array.of((first & 0x81) | ((third & 63) << 1), second),
    delimiter: Buffer.from([...START, 0x46, 1, 0x50]),
  },
};
