import { steadyNow } from '../../common/clock.js';

/** Milliseconds that a topic rests after a failure; after refusals in a row twice as long each time, and at most. */
const FIRST = 1000;
const LONGEST = 60_000;
/** Refusals in a row that a broker gives no lasting reason for, before they count as lasting. */
const TRIES = 5;

interface Rest {
  readonly refusals: number;
  readonly until: number;
}

/**
 * Topics whose first message could not be handed over: they rest, longer each time, so that those of others go on
 * meanwhile.
 */
export class RestingTopics {
  readonly #rests = new Map<string, Rest>();

  /** @param now in steady time */
  isResting(topic: string, now = steadyNow()): boolean {
    return (this.#rests.get(topic)?.until ?? 0) > now;
  }

  /**
   * Milliseconds until the first of them may be tried again; undefined when none rests.
   * @param now in steady time: the same as for `isResting`, or a topic that rested there may rest no more here, and
   *   nobody would come back to it
   */
  next(now = steadyNow()): number | undefined {
    const waits = [...this.#rests.values()].map(({ until }) => until - now).filter((wait) => wait > 0);
    return waits.length > 0 ? Math.min(...waits) : undefined;
  }

  /** The connection ended on its message. */
  pause(topic: string): void {
    const { refusals = 0 } = this.#rests.get(topic) ?? {};
    this.#rests.set(topic, { refusals, until: steadyNow() + FIRST });
  }

  /** @returns whether that has happened too often */
  refused(topic: string): boolean {
    const refusals = (this.#rests.get(topic)?.refusals ?? 0) + 1;
    this.#rests.set(topic, { refusals, until: steadyNow() + Math.min(LONGEST, FIRST * 2 ** (refusals - 1)) });
    return refusals >= TRIES;
  }

  delivered(topic: string): void {
    this.#rests.delete(topic);
  }
}
