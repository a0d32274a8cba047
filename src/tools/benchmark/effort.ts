import type { Repetition } from './rounds.js';

/** How much is measured. */
export interface Effort {
  readonly repetition: Repetition;
  /** Of training. */
  readonly steps: number;
  readonly batches: { readonly inference: readonly number[]; readonly training: readonly number[] };
  /** For which the daemon is looked at each time. */
  readonly seconds: number;
  /** Of the video that is decoded. */
  readonly clipSeconds: number;
  /** Frames a second for which the most cameras are looked for. */
  readonly rates: readonly number[];
}

const usual: Effort = {
  repetition: { rounds: 5, runs: 3 },
  steps: 7,
  batches: { inference: [1, 2, 4, 8], training: [4, 16] },
  seconds: 7,
  clipSeconds: 10,
  rates: [10, 25],
};

const little: Effort = {
  repetition: { rounds: 2, runs: 2 },
  steps: 3,
  batches: usual.batches,
  seconds: 3,
  clipSeconds: 2,
  rates: [],
};

export const effort = (quick: boolean): Effort => (quick ? little : usual);
