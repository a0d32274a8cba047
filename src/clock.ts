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
