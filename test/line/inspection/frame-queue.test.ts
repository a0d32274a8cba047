import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameQueue } from '../../../src/line/inspection/frame-queue.js';
import { frame } from '../../fixtures/frames.js';

const names = (frames: { camera: string; sequence: number }[]) =>
  frames.map(({ camera, sequence }) => camera + sequence);

describe('the frame queue', () => {
  it('gives up the oldest frame of a camera that is too fast', () => {
    const queue = new FrameQueue(2);
    const dropped = [0, 1, 2, 3].map((sequence) => queue.push(frame(sequence, 'a'))?.sequence);
    expect(dropped).toEqual([undefined, undefined, 0, 1]);
    expect(names(queue.take(9))).toEqual(['a2', 'a3']);
  });

  it('serves cameras in turn, also from one batch to the next', () => {
    const queue = new FrameQueue(3);
    for (const sequence of [0, 1, 2]) queue.push(frame(sequence, 'a'));
    queue.push(frame(0, 'b'));
    queue.push(frame(0, 'c'));
    expect(names(queue.take(2))).toEqual(['a0', 'b0']);
    expect(names(queue.take(2))).toEqual(['c0', 'a1']);
    expect(names(queue.take(2))).toEqual(['a2']);
  });

  it('neither loses nor repeats a frame, and keeps each camera in order', () => {
    const action = fc.oneof(
      fc.record({ push: fc.constantFrom('a', 'b', 'c') }),
      fc.record({ take: fc.integer({ min: 1, max: 5 }) }),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 4 }), fc.array(action, { maxLength: 100 }), (capacity, actions) => {
        const queue = new FrameQueue(capacity);
        const pushed: string[] = [];
        const out: string[] = [];
        const taken: { camera: string; sequence: number }[] = [];
        for (const one of actions) {
          if ('push' in one) {
            const next = frame(pushed.length, one.push);
            pushed.push(...names([next]));
            const dropped = queue.push(next);
            if (dropped) out.push(...names([dropped]));
          } else {
            const batch = queue.take(one.take);
            expect(batch.length).toBeLessThanOrEqual(one.take);
            taken.push(...batch);
          }
          expect(queue.length).toBeLessThanOrEqual(3 * capacity);
        }
        taken.push(...queue.take(Number.POSITIVE_INFINITY));
        expect([...out, ...names(taken)].sort()).toEqual([...pushed].sort());
        for (const camera of ['a', 'b', 'c']) {
          const order = taken.filter((one) => one.camera === camera).map(({ sequence }) => sequence);
          expect(order).toEqual([...order].sort((a, b) => a - b));
        }
      }),
    );
  });
});
