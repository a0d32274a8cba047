import { array, assert, property, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Codec } from '../../../src/camera/hardware.js';
import { AccessUnits, LARGEST_FRAME } from '../../../src/camera/rtsp/access-units.js';

/** An RTP packet of type 96. */
function packet(
  payload: readonly number[],
  { timestamp = 0, marker = false, type = 96 }: { timestamp?: number; marker?: boolean; type?: number } = {},
): Buffer {
  const header = Buffer.alloc(12);
  header[0] = 0x80;
  header[1] = (marker ? 0x80 : 0) | type;
  header.writeUInt32BE(timestamp, 4);
  return Buffer.concat([header, Buffer.from(payload)]);
}

const START = [0, 0, 0, 1];
const bytes = (frames: readonly Buffer[]) => frames.map((frame) => [...frame]);

interface Case {
  codec: Codec;
  parameters: number[];
  picture: number[];
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
    picture: [0x65, 3, 4, 5, 6, 7],
    aggregate: [24, 0, 3, 0x67, 1, 2, 0, 6, 0x65, 3, 4, 5, 6, 7],
    fragments: [
      [0x7c, 0x85, 3, 4],
      [0x7c, 0x05, 5, 6],
      [0x7c, 0x45, 7],
    ],
    delimiter: [...START, 9, 0xf0],
  },
  {
    codec: 'hevc',
    parameters: [0x42, 1, 1, 2],
    picture: [0x26, 1, 3, 4, 5, 6, 7],
    aggregate: [0x60, 1, 0, 4, 0x42, 1, 1, 2, 0, 7, 0x26, 1, 3, 4, 5, 6, 7],
    fragments: [
      [0x62, 1, 0x93, 3, 4],
      [0x62, 1, 0x13, 5, 6],
      [0x62, 1, 0x53, 7],
    ],
    delimiter: [...START, 0x46, 1, 0x50],
  },
];

describe.each(cases)('frames of $codec', ({ codec, parameters, picture, aggregate, fragments, delimiter }) => {
  const frame = [...START, ...parameters, ...START, ...picture, ...delimiter];
  const alone = [...START, ...picture, ...delimiter];
  const units = () => new AccessUnits({ codec, payloadType: 96, parameterSets: [] });

  it('come of single units, of units that share a packet, and of units in parts', () => {
    const made = units();
    expect(made.push(packet(parameters))).toEqual([]);
    expect(bytes(made.push(packet(picture, { marker: true })))).toEqual([frame]);
    expect(bytes(made.push(packet(aggregate, { timestamp: 1, marker: true })))).toEqual([frame]);
    expect(made.push(packet(fragments[0], { timestamp: 2 }))).toEqual([]);
    expect(made.push(packet(fragments[1], { timestamp: 2 }))).toEqual([]);
    expect(bytes(made.push(packet(fragments[2], { timestamp: 2, marker: true })))).toEqual([alone]);
  });

  it('begin with the parameter sets of the description', () => {
    const made = new AccessUnits({ codec, payloadType: 96, parameterSets: [Buffer.from(parameters)] });
    expect(bytes(made.push(packet(picture, { marker: true })))).toEqual([frame]);
    expect(bytes(made.push(packet(picture, { timestamp: 1, marker: true })))).toEqual([alone]);
  });

  it('do not end with parameter sets that are marked', () => {
    const made = units();
    expect(made.push(packet(parameters, { marker: true }))).toEqual([]);
    expect(bytes(made.push(packet(picture, { marker: true })))).toEqual([frame]);
  });

  it('end where the next one begins, when none is marked', () => {
    const made = units();
    expect(made.push(packet(picture, { timestamp: 1 }))).toEqual([]);
    expect(bytes(made.push(packet(picture, { timestamp: 2 })))).toEqual([alone]);
  });

  it('are found behind contributors, extensions and before padding', () => {
    const whole = packet([...[0, 0, 0, 1], ...[0, 0, 0, 1], ...[0, 0, 0, 9], ...picture, 0, 0, 3], { marker: true });
    whole[0] |= 0x20 | 0x10 | 1;
    expect(bytes(units().push(whole))).toEqual([alone]);
  });

  it('leave out other packets, and packets that are cut off', () => {
    const made = units();
    const extended = packet([], { marker: true });
    extended[0] |= 0x10;
    const others = [packet(picture, { marker: true, type: 97 }), packet([]), extended, Buffer.from([0x80, 96])];
    for (const other of others) expect(made.push(other)).toEqual([]);
    for (let length = 0; length < aggregate.length; length++) made.push(packet(aggregate.slice(0, length)));
    expect(made.push(packet(picture, { timestamp: 1, marker: true })).length).toBeGreaterThan(0);
  });

  it('are given up when they grow without an end', () => {
    const made = units();
    const [first, middle] = fragments;
    made.push(packet(first));
    const large = [...middle, ...Array<number>(60_000).fill(1)];
    for (let bytes = 0; bytes <= LARGEST_FRAME; bytes += large.length) expect(made.push(packet(large))).toEqual([]);
    made.push(packet(first, { timestamp: 1 }));
    const [last] = made.push(packet(picture, { timestamp: 2, marker: true })).slice(-1);
    expect([...last]).toEqual(alone);
  });

  it('come of any bytes without a failure', () => {
    assert(
      property(array(uint8Array({ minLength: 0, maxLength: 40 })), (packets) => {
        const made = units();
        for (const one of packets) {
          made.push(Buffer.from(one));
          if (one.length > 1) made.push(packet([...one], { timestamp: one[0], marker: one[1] > 127 }));
        }
      }),
    );
  });
});
