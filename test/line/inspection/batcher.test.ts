import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, describe, expect, it } from 'vitest';
import type { Frame } from '../../../src/line/camera/frame.js';
import { Batcher } from '../../../src/line/inspection/batcher.js';
import { frame } from '../../fixtures/frames.js';

let batcher: Batcher;
afterEach(() => batcher.stop());

/** A batcher whose batches take `busy` milliseconds, and what it did. */
function started(options: {
  maxBatch: number;
  maxWait: number;
  cameras?: () => number;
  queue?: number;
  busy?: number;
}) {
  const { queue = 10, busy = 0, ...rest } = options;
  const batches: number[][] = [];
  const dropped: number[] = [];
  batcher = new Batcher({
    ...rest,
    queue,
    onBatch: async (batch: readonly Frame[]) => {
      batches.push(batch.map(({ sequence }) => sequence));
      await sleep(busy);
    },
    onDrop: ({ sequence }) => dropped.push(sequence),
  });
  batcher.start();
  return { batches, dropped };
}

describe('the batcher', () => {
  it('judges a full batch at once, however long it might wait', async () => {
    const { batches } = started({ maxBatch: 3, maxWait: 60_000 });
    for (const sequence of [0, 1, 2]) batcher.push(frame(sequence));
    await batcher.drained();
    expect(batches).toEqual([[0, 1, 2]]);
  });

  it('judges what is there when the wait is over', async () => {
    const { batches } = started({ maxBatch: 8, maxWait: 30 });
    batcher.push(frame(0));
    await batcher.drained();
    batcher.push(frame(1));
    batcher.push(frame(2));
    await batcher.drained();
    expect(batches).toEqual([[0], [1, 2]]);
  });

  it('waits for no more frames than there are cameras', async () => {
    let cameras = 1;
    const { batches } = started({ maxBatch: 8, maxWait: 60_000, cameras: () => cameras });
    batcher.push(frame(0));
    await batcher.drained();
    cameras = 2;
    batcher.push(frame(1));
    await sleep(20);
    expect(batches).toEqual([[0]]);
    batcher.push(frame(2, 'other'));
    await batcher.drained();
    expect(batches).toEqual([[0], [1, 2]]);
  });

  it('knows when the frames of one camera have been judged, while those of another go on', async () => {
    const { batches } = started({ maxBatch: 1, maxWait: 0, busy: 30 });
    batcher.push(frame(0, 'file'));
    const more = setInterval(() => batcher.push(frame(1, 'live')), 10);
    await batcher.drained('file');
    clearInterval(more);
    expect(batches[0]).toEqual([0]);
    expect(batches.length).toBeLessThan(5);
  });

  it('judges the newest frames when inference is slower than the camera', async () => {
    const { batches, dropped } = started({ maxBatch: 1, maxWait: 0, queue: 1, busy: 60 });
    batcher.push(frame(0));
    await sleep(20);
    for (const sequence of [1, 2, 3]) batcher.push(frame(sequence));
    await batcher.drained();
    expect(batches).toEqual([[0], [3]]);
    expect(dropped).toEqual([1, 2]);
  });

  it('finishes the batch in flight when stopped, and drops the rest', async () => {
    const { batches, dropped } = started({ maxBatch: 1, maxWait: 0, busy: 40 });
    for (const sequence of [0, 1, 2]) batcher.push(frame(sequence));
    await sleep(15);
    await batcher.stop();
    expect(batches).toEqual([[0]]);
    expect(dropped).toEqual([1, 2]);
  });
});
