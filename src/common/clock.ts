import { uptime } from 'node:os';

/** A point in time, for people and for sums: the clock of a box may be set, also back. */
export interface Moment {
  /** Time of day, milliseconds since the epoch, as the clock says: for timestamps. */
  readonly time: number;
  /** The same as the clock said when the process began, going on evenly however it is set: for durations. */
  readonly steadyTime: number;
}

/** See `Moment`. */
export const steadyNow = (): number => performance.timeOrigin + performance.now();

export const now = (): Moment => ({ time: Date.now(), steadyTime: steadyNow() });

/** Milliseconds since the box was switched on, sleep included, however the clock is set. */
export const bootNow = (): number => 1000 * uptime();

/** Milliseconds by which the clock may go otherwise than evenly: time servers slew it. */
const SLEW = 10_000;
/** Milliseconds of going evenly after which the clock is believed. */
const EVEN = 3_600_000;

/**
 * The time of day for what is done by date and cannot be undone. A box may start with a wrong clock, and be told the
 * right one minutes later; so the clock is believed once it has gone evenly for an hour.
 */
export class BelievedClock {
  readonly #wall: () => number;
  readonly #steady: () => number;
  #offset: number;
  #since: number;

  constructor(wall: () => number = Date.now, steady: () => number = steadyNow) {
    this.#wall = wall;
    this.#steady = steady;
    this.#since = steady();
    this.#offset = wall() - this.#since;
  }

  /** Milliseconds since the epoch; undefined while the clock is not believed. */
  now(): number | undefined {
    const [time, steady] = [this.#wall(), this.#steady()];
    if (Math.abs(time - steady - this.#offset) > SLEW) this.#since = steady;
    this.#offset = time - steady;
    return steady - this.#since >= EVEN ? time : undefined;
  }
}
