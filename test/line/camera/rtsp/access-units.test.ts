import { array, assert, boolean, constantFrom, integer, property, record, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Codec } from '../../../../src/line/camera/codec.js';
import { AccessUnits, type EncodedPicture, LARGEST_FRAME } from '../../../../src/line/camera/rtsp/access-units.js';

interface PacketOptions {
  readonly timestamp?: number;
  readonly marker?: boolean;
  readonly type?: number;
  readonly sequence?: number;
}

/** An RTP packet of type 96. */
function packet(payload: readonly number[], options: PacketOptions = {}): Buffer {
  const { timestamp = 0, marker = false, type = 96, sequence = 0 } = options;
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = (marker ? 0x80 : 0) | type;
  header.writeUInt16BE(sequence & 0xffff, 2);
  header.writeUInt32BE(timestamp, 4);
  return Buffer.concat([header, Buffer.from(payload)]);
}

const START = [0, 0, 0, 1];
const bytes = (pictures: readonly EncodedPicture[]) => pictures.map((picture) => [...picture.bytes]);

interface Case {
  codec: Codec;
  parameters: number[];
  /** A key picture of one slice. */
  picture: number[];
  /** A later slice of the same picture. */
  slice: number[];
  /** Both in one packet. */
  aggregate: number[];
  /** The picture in three. */
  fragments: number[][];
  delimiter: number[];
}

const cases: Case[] = [
  {
    codec: 'h264',
    parameters: [0x67, 1, 2],
    picture: [0x65, 0x83, 4, 5, 6, 7, 8, 9],
    slice: [0x65, 0x43, 4, 5, 6, 7, 8],
    aggregate: [24, 0, 3, 0x67, 1, 2, 0, 8, 0x65, 0x83, 4, 5, 6, 7, 8, 9],
    fragments: [
      [0x7c, 0x85, 0x83, 4],
      [0x7c, 0x05, 5, 6],
      [0x7c, 0x45, 7, 8, 9],
    ],
    delimiter: [...START, 9, 0xf0],
  },
  {
    codec: 'hevc',
    parameters: [0x42, 1, 1, 2],
    picture: [0x26, 1, 0x83, 4, 5, 6, 7, 8, 9],
    slice: [0x26, 1, 0x43, 4, 5, 6, 7, 8],
    aggregate: [0x60, 1, 0, 4, 0x42, 1, 1, 2, 0, 9, 0x26, 1, 0x83, 4, 5, 6, 7, 8, 9],
    fragments: [
      [0x62, 1, 0x93, 0x83, 4],
      [0x62, 1, 0x13, 5, 6],
      [0x62, 1, 0x53, 7, 8, 9],
    ],
    delimiter: [...START, 0x46, 1, 0x50],
  },
];

describe.each(cases)('pictures of $codec', ({ codec, parameters, picture, slice, aggregate, fragments, delimiter }) => {
  const whole = [...START, ...parameters, ...START, ...picture, ...delimiter];
  const alone = [...START, ...picture, ...delimiter];
  const sliced = [...START, ...picture, ...START, ...slice, ...delimiter];

  /** Numbers the packets that it is given. */
  class Sender {
    readonly units: AccessUnits;
    sequence = 65_530;
    constructor(...parameterSets: Buffer[]) {
      this.units = new AccessUnits({ codec, payloadType: 96, parameterSets });
    }
    send(payload: readonly number[], options: PacketOptions = {}): EncodedPicture[] {
      return this.units.push(packet(payload, { ...options, sequence: options.sequence ?? this.sequence++ }));
    }
    lose(packets = 1): void {
      this.sequence += packets;
    }
    /** A camera that marks the ends of pictures has shown so. */
    prove(): this {
      for (let times = 0; times < 4; times++) this.send(picture, { marker: true });
      return this;
    }
  }

  it('come of single units, of units that share a packet, and of units in parts', () => {
    const sender = new Sender().prove();
    expect(sender.send(parameters)).toEqual([]);
    expect(bytes(sender.send(picture, { marker: true }))).toEqual([whole]);
    expect(bytes(sender.send(aggregate, { timestamp: 1, marker: true }))).toEqual([whole]);
    expect(sender.send(fragments[0], { timestamp: 2 })).toEqual([]);
    expect(sender.send(fragments[1], { timestamp: 2 })).toEqual([]);
    expect(sender.send(fragments[2], { timestamp: 2, marker: true })).toMatchObject([{ key: true, damage: undefined }]);
    expect(sender.send(slice)).toMatchObject([]);
  });

  it('begin with the parameter sets of the description', () => {
    const sender = new Sender(Buffer.from(parameters));
    expect(sender.send(picture)).toEqual([]);
    expect(bytes(sender.send(picture))).toEqual([whole]);
    expect(bytes(sender.send(picture))).toEqual([alone]);
  });

  it('end with the marker once it has proved right, also where parameter sets are marked', () => {
    const sender = new Sender();
    const ended: number[] = [];
    for (let times = 0; times < 6; times++) {
      ended.push(sender.send(parameters, { marker: true }).length);
      ended.push(sender.send(picture, { marker: true }).length);
    }
    expect(ended).toEqual([0, 0, 1, 0, 1, 0, 1, 1, 0, 1, 0, 1]);
  });

  it.each([
    ['nothing', [false, false]],
    ['every slice', [true, true]],
    ['the first slice', [true, false]],
  ])('end where the next one begins in streams of several slices that mark %s', (_, [first, second]) => {
    const sender = new Sender();
    const made: EncodedPicture[] = [];
    for (let times = 0; times < 20; times++) {
      made.push(...sender.send(picture, { marker: first, timestamp: 7 }));
      made.push(...sender.send(slice, { marker: second, timestamp: 7 }));
    }
    expect(bytes(made)).toEqual(Array(19).fill(sliced));
  });

  it('end where the next one begins though every fragment is marked', () => {
    const sender = new Sender().prove();
    const [first, ...others] = fragments;
    const long = [...first, 1, 2, 3, 4];
    const made: EncodedPicture[] = [];
    for (let times = 0; times < 5; times++)
      for (const fragment of [long, ...others]) made.push(...sender.send(fragment, { marker: true }));
    const one = [...START, ...picture.slice(0, -5), 1, 2, 3, 4, ...picture.slice(-5), ...delimiter];
    expect(bytes(made)).toEqual(Array(4).fill(one));
  });

  it('tell of a marker that was believed and was wrong, once', () => {
    const sender = new Sender().prove();
    const made = [picture, slice, picture, slice, picture].flatMap((unit) => sender.send(unit, { marker: true }));
    expect(bytes(made)).toEqual([alone, [...START, ...slice, ...delimiter], sliced]);
    expect(made.map(({ damage }) => damage)).toEqual([undefined, 'cut', undefined]);
  });

  it('are damaged where packets are missing, in them or before them', () => {
    const sender = new Sender();
    sender.send([...fragments[0], 1, 2, 3, 4]);
    sender.lose();
    expect(sender.send(fragments[2])).toMatchObject([{ damage: 'gap' }]);
    // Its begin is missing, too.
    expect(sender.send(slice)).toEqual([]);
    expect(sender.send(picture)).toMatchObject([{ damage: 'gap', afterGap: true }]);
    sender.send(parameters);
    sender.lose();
    sender.send(picture);
    expect(bytes(sender.send(picture))).toEqual([whole]);
    expect(sender.send(picture)).toMatchObject([{ damage: undefined, afterGap: false }]);
  });

  it('tell that others before them are missing', () => {
    const sender = new Sender().prove();
    sender.lose(5);
    const made = [...sender.send(picture, { marker: true }), ...sender.send(picture, { marker: true })];
    expect(made.map(({ damage, afterGap }) => [damage, afterGap])).toEqual([
      [undefined, true],
      [undefined, false],
    ]);
  });

  it('tell after how many others all is whole again, and whether others need them', () => {
    const sender = new Sender().prove();
    const information = codec === 'h264' ? [6, 6, 1, 0x40, 0x80] : [0x4e, 1, 6, 1, 0x50, 0x80];
    sender.send(information);
    const made = [...sender.send(picture, { marker: true }), ...sender.send(picture, { marker: true })];
    expect(made).toMatchObject([
      { recovery: 1, reference: true },
      { recovery: undefined, reference: true },
    ]);
    if (codec !== 'h264') return;
    expect(sender.send([1, ...picture.slice(1)], { marker: true })).toMatchObject([{ reference: false }]);
  });

  it('come of packets that are sent twice, or too late', () => {
    const sender = new Sender().prove();
    sender.send(fragments[0]);
    sender.send(fragments[0], { sequence: sender.sequence - 1 });
    sender.send(fragments[1]);
    expect(bytes(sender.send(fragments[2], { marker: true }))).toEqual([alone]);
    sender.lose();
    sender.send(picture);
    expect(sender.send(slice, { sequence: sender.sequence - 2 })).toEqual([]);
    expect(sender.send(parameters)).toMatchObject([{ damage: undefined, afterGap: true }]);
  });

  it('come of a camera that numbers no packet', () => {
    const sender = new Sender();
    const made = Array.from({ length: 100 }, () => sender.send(picture, { sequence: 0 })).flat();
    expect(made.length).toBe(99);
    expect(made.some(({ damage, afterGap }) => damage || afterGap)).toBe(false);
  });

  it('are found behind contributors, extensions and before padding', () => {
    const sender = new Sender().prove();
    const padded = packet([...[0, 0, 0, 1], ...[0, 0, 0, 1], ...[0, 0, 0, 9], ...picture, 0, 0, 3], {
      marker: true,
      sequence: sender.sequence,
    });
    padded[0] |= 0x20 | 0x10 | 1;
    expect(bytes(sender.units.push(padded))).toEqual([alone]);
  });

  it('leave out other packets, and packets that are cut off', () => {
    const sender = new Sender().prove();
    const extended = packet([], { marker: true });
    extended[0] |= 0x10;
    const others = [packet(picture, { marker: true, type: 97 }), extended, Buffer.from([0x80, 96])];
    for (const other of others) expect(sender.units.push(other)).toEqual([]);
    expect(sender.send([])).toEqual([]);
    for (let length = 0; length < aggregate.length; length++) sender.send(aggregate.slice(0, length));
    expect(sender.send(picture, { timestamp: 1, marker: true }).length).toBeGreaterThan(0);
  });

  it('are given up when they grow without an end, and the next ones come', () => {
    const sender = new Sender();
    const [first, middle] = fragments;
    sender.send(first);
    const large = [...middle, ...Array<number>(60_000).fill(1)];
    const made: EncodedPicture[] = [];
    for (let sent = 0; sent <= 2 * LARGEST_FRAME; sent += large.length) made.push(...sender.send(large));
    made.push(...sender.send(picture), ...sender.send(picture), ...sender.send(picture));
    expect(made.map(({ damage }) => damage)).toEqual(['gap', undefined, undefined]);
    expect(bytes(made).at(-1)).toEqual(alone);
  });

  it('of tiny fragments take no more memory than their bytes', () => {
    const sender = new Sender();
    sender.send(fragments[0]);
    const before = process.memoryUsage().arrayBuffers;
    // Each is a part of a chunk that the socket gave, of which nothing is to stay.
    for (let times = 0; times < 2000; times++) {
      const chunk = Buffer.alloc(65_536);
      packet([...fragments[1]], { sequence: sender.sequence++ }).copy(chunk);
      sender.units.push(chunk.subarray(0, 12 + fragments[1].length));
    }
    globalThis.gc?.();
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(100e6);
  });

  it('come of any bytes without a failure', async () => {
    await assert(
      property(array(uint8Array({ minLength: 0, maxLength: 40 })), (packets) => {
        const sender = new Sender();
        for (const one of packets) {
          sender.units.push(Buffer.from(one));
          if (one.length > 1) sender.send([...one], { timestamp: one[0], marker: one[1] > 127 });
        }
      }),
    );
  });

  describe('whatever their packets', () => {
    /** Bytes with the number of the first block, or whether it is the first. */
    const begins = codec === 'h264' ? [0x80, 0x40, 0x60, 0x20] : [0x80, 0, 0, 0];
    const afterAll = codec === 'h264' ? [0x65, 0x08, 0, 0, 0, 0] : slice;
    /** Slices of a picture. */
    const slices = array(uint8Array({ minLength: 5, maxLength: 30 }), { minLength: 1, maxLength: 4 }).map((bodies) =>
      bodies.map((body, index) => [...picture.slice(0, -6), ...body].with(codec === 'h264' ? 1 : 2, begins[index])),
    );
    const pictures = array(record({ slices, parameters: boolean() }), { minLength: 2, maxLength: 12 });
    /** How many bytes go into each packet, over and over. */
    const sizes = array(integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 5 });

    interface Sent {
      readonly payload: number[];
      readonly endsUnit: boolean;
      readonly endsPicture: boolean;
    }

    function packets(all: readonly { slices: number[][]; parameters: boolean }[], sizes: readonly number[]): Sent[] {
      let turn = 0;
      const headerBytes = codec === 'h264' ? 1 : 2;
      return all.flatMap(({ slices, parameters: has }) =>
        [...(has ? [parameters] : []), ...slices].flatMap((unit, index, units) => {
          const last = index === units.length - 1;
          const size = sizes[turn++ % sizes.length];
          if (size === 12) return [{ payload: unit, endsUnit: true, endsPicture: last }];
          const parts: number[][] = [];
          for (let at = headerBytes; at < unit.length; ) {
            const part = unit.slice(at, at + sizes[turn++ % sizes.length]);
            if (part.length > 0 || sizes.some((one) => one > 0)) parts.push(part);
            else parts.push(unit.slice(at, at + 1));
            at += parts.at(-1)!.length;
          }
          return parts.map((part, number) => {
            const ends = number === parts.length - 1;
            const flags = (number === 0 ? 0x80 : 0) | (ends ? 0x40 : 0);
            const header =
              codec === 'h264'
                ? [(unit[0] & 0xe0) | 28, flags | (unit[0] & 31)]
                : [0x62, 1, flags | ((unit[0] >> 1) & 63)];
            return { payload: [...header, ...part], endsUnit: ends, endsPicture: last && ends };
          });
        }),
      );
    }

    const expected = (all: readonly { slices: number[][]; parameters: boolean }[]) =>
      all.map(({ slices, parameters: has }) => [
        ...[...(has ? [parameters] : []), ...slices].flatMap((unit) => [...START, ...unit]),
        ...delimiter,
      ]);

    it.each<[string, (sent: Sent) => boolean]>([
      ['right', ({ endsPicture }) => endsPicture],
      ['missing', () => false],
      ['on every unit', ({ endsUnit }) => endsUnit],
      ['on every packet', () => true],
      ['everywhere but at the end', ({ endsPicture }) => !endsPicture],
    ])('are the same where the marker is %s', async (_, isMarked) => {
      await assert(
        property(pictures, sizes, ([first, ...others], lengths) => {
          // One picture of several slices comes before the marker is believed; the property below has any.
          const all = [{ ...first, slices: [...first.slices, afterAll] }, ...others];
          const sender = new Sender();
          const made = packets(all, lengths).flatMap((sent) => sender.send(sent.payload, { marker: isMarked(sent) }));
          made.push(...sender.send(picture));
          const known = isMarked.length === 1 && made.length > all.length ? made.slice(0, all.length) : made;
          expect(bytes(known)).toEqual(expected(all));
          expect(made.some(({ damage, afterGap }) => damage || afterGap)).toBe(false);
        }),
      );
    });

    it('are as they were sent or told to be cut where the marker is anywhere', async () => {
      await assert(
        property(pictures, sizes, array(constantFrom(true, false), { minLength: 1 }), (all, lengths, marks) => {
          const sender = new Sender();
          const made = packets(all, lengths).flatMap((sent, index) =>
            sender.send(sent.payload, { marker: marks[index % marks.length] }),
          );
          made.push(...sender.send(picture));
          const wanted = expected(all).map((one) => JSON.stringify(one));
          for (const [index, one] of bytes(made).entries()) {
            if (made[index].damage || made[index + 1]?.damage) continue;
            expect(wanted).toContain(JSON.stringify(one));
          }
          expect(made.filter(({ damage }) => damage).length).toBeLessThanOrEqual(1);
        }),
      );
    });
  });
});
