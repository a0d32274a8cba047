import { setImmediate, setTimeout as sleep } from 'node:timers/promises';
import { median } from '../../method/metrics/robust.js';
import { rounded } from './statistics.js';

/** How often something is measured. */
export interface Repetition {
  readonly rounds: number;
  /** Runs of one kind in a row, after one that does not count: caches are still the other kind's then. */
  readonly runs: number;
}

/**
 * Milliseconds before each turn: onnxruntime's threads of the kind before spin for up to 50 ms, on cores that the next
 * one wants.
 */
const REST = 150;

/**
 * Median milliseconds of each kind of work, by its name. The kinds take turns, so that what else the machine does meets
 * them all.
 * @throws the signal's reason
 */
export async function inTurns<Name extends string>(
  kinds: Readonly<Record<Name, () => Promise<unknown>>>,
  { rounds, runs }: Repetition,
  signal?: AbortSignal,
): Promise<Record<Name, number>> {
  const times = Object.entries<() => Promise<unknown>>(kinds).map(([name, work]) => ({
    name,
    work,
    taken: [] as number[],
  }));
  for (let round = 0; round < rounds; round++) {
    for (const { work, taken } of times) {
      await sleep(REST, undefined, { signal });
      for (let run = 0; run <= runs; run++) {
        // Work that blocks this thread lets signals and the terminal have their turn here.
        await setImmediate();
        signal?.throwIfAborted();
        const begin = performance.now();
        await work();
        if (run > 0) taken.push(performance.now() - begin);
      }
    }
  }
  return Object.fromEntries(times.map(({ name, taken }) => [name, rounded(median(taken), 3)])) as Record<Name, number>;
}
