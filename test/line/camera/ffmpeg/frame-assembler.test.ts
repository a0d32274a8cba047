import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameAssembler } from '../../../../src/line/camera/ffmpeg/frame-assembler.js';

describe('the frame assembler', () => {
  it('gives the same frames wherever the chunks begin and end', () => {
    const stream = fc.record({
      frameBytes: fc.integer({ min: 1, max: 40 }),
      chunks: fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 20 }),
    });
    fc.assert(
      fc.property(stream, ({ frameBytes, chunks }) => {
        const assembler = new FrameAssembler(frameBytes);
        const frames = chunks.flatMap((chunk) => assembler.push(chunk));
        const bytes = Buffer.concat(chunks);
        expect(frames.every((frame) => frame.length === frameBytes)).toBe(true);
        expect(frames.length).toBe(Math.floor(bytes.length / frameBytes));
        expect(assembler.pendingBytes).toBe(bytes.length % frameBytes);
        expect(Buffer.concat(frames)).toEqual(bytes.subarray(0, bytes.length - assembler.pendingBytes));
      }),
    );
  });

  it('gives frames that own their memory', () => {
    const chunk = new Uint8Array(6).fill(7);
    const [first, second] = new FrameAssembler(3).push(chunk);
    chunk.fill(0);
    first.fill(1);
    expect([...second]).toEqual([7, 7, 7]);
    expect(second.buffer.byteLength).toBe(3);
  });
});
