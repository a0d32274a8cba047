import { steadyNow } from '../../common/clock.js';
import { Refusal } from './refusal.js';

/** Messages of a topic in a row, each refused by hanging up, before it is not for what is in them. */
const MESSAGES = 2;
/** Milliseconds before such a topic is tried again; twice as long each time, and at most. */
const FIRST = 60_000;
const LONGEST = 3600_000;

/**
 * A broker that hangs up on a message costs all others the connection, some times over (see `Suspicions`). Where it
 * does so on whatever comes to a topic (it lacks the right, or all heatmaps are too large), that must not begin anew
 * with each message: this remembers the topic for a while.
 */
export class ShunnedTopics {
  readonly #seen = new Map<string, { readonly messages: number; readonly until: number }>();

  /** The broker hung up on another message until that was given up. */
  blame(topic: string): void {
    const messages = (this.#seen.get(topic)?.messages ?? 0) + 1;
    const hold = messages < MESSAGES ? 0 : Math.min(LONGEST, FIRST * 2 ** (messages - MESSAGES));
    this.#seen.set(topic, { messages, until: steadyNow() + hold });
  }

  /** The broker took one. */
  clear(topic: string): void {
    this.#seen.delete(topic);
  }

  /** Why a message is not sent now; undefined where it may be tried. */
  refusalOf(topic: string): Refusal | undefined {
    const { messages = 0, until = 0 } = this.#seen.get(topic) ?? {};
    if (until <= steadyNow()) return undefined;
    return new Refusal('message', `the broker hung up on ${messages} messages to this topic in a row`);
  }
}
