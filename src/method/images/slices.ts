import { setImmediate as turn } from 'node:timers/promises';

/** Pixels or samples worked on between two turns of the event loop: a few milliseconds. */
const SLICE = 1_000_000;

/**
 * Works on the indices from 0 to `count` in slices, and lets others have their turn in between: a large picture holds
 * nothing up.
 */
export async function inSlices(count: number, work: (from: number, to: number) => void, slice = SLICE): Promise<void> {
  for (let from = 0; from < count; from += slice) {
    work(from, Math.min(count, from + slice));
    if (from + slice < count) await turn();
  }
}
