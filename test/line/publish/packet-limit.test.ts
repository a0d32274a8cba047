import * as fc from 'fast-check';
import packets, { type IPublishPacket, type Packet } from 'mqtt-packet';
import { describe, expect, it } from 'vitest';
import { PacketLimit } from '../../../src/line/publish/packet-limit.js';

/** What a parser makes of chunks that have passed the limit. */
function parsed(chunks: readonly Buffer[], limit: number): Packet[] {
  const found: Packet[] = [];
  const parser = packets.parser({ protocolVersion: 4 });
  parser.on('packet', (packet) => found.push(packet));
  const bound = new PacketLimit(limit);
  for (const chunk of chunks) parser.parse(bound.next(chunk));
  return found;
}

const publish = (topic: string, payload: Buffer): Buffer =>
  packets.generate({ cmd: 'publish', topic, payload, qos: 1, messageId: 7, retain: false, dup: false });

/** Cut at these places. */
function cut(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = [...new Set([0, ...places.map((place) => place % bytes.length), bytes.length])].sort((a, b) => a - b);
  return sorted.slice(1).map((end, i) => bytes.subarray(sorted[i], end));
}

describe('the limit of packets', () => {
  it('leaves small packets as they are, and cuts large messages short, however the stream is chopped', async () => {
    const size = fc.integer({ min: 0, max: 40_000 });
    await fc.assert(
      fc.property(
        fc.array(size, { minLength: 1, maxLength: 6 }),
        fc.array(fc.nat(), { maxLength: 30 }),
        (sizes, places) => {
          const limit = 20_000;
          const bytes = Buffer.concat(sizes.map((size, i) => publish(`box/${i}`, Buffer.alloc(size, i))));
          const found = parsed(cut(bytes, places), limit) as IPublishPacket[];
          expect(found.map(({ topic, messageId }) => [topic, messageId])).toEqual(sizes.map((_, i) => [`box/${i}`, 7]));
          for (const [i, { payload }] of found.entries()) {
            // The topic and the identifier take nine bytes.
            expect(payload.length).toBe(Math.min(sizes[i], limit - 9));
            expect(Buffer.from(payload).every((byte) => byte === i)).toBe(true);
          }
        },
      ),
      { numRuns: 50 },
    );
  });

  it('refuses any other packet that is too large', () => {
    const suback = Buffer.from([0x90, 0xff, 0xff, 0xff, 0x7f]);
    expect(() => new PacketLimit().next(suback)).toThrow('a packet of 268435455 bytes came, expected at most 131072');
  });
});
