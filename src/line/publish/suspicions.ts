import { steadyNow } from '../../common/clock.js';
import { Refusal } from './refusal.js';

/** Times in a row that the connection may end on the same thing before it counts as refused. */
const TRIES = 4;
/** Milliseconds after which it is tried again. */
const FORGOTTEN = 3600_000;
/** Things that are remembered at most. */
const MOST = 1000;

/**
 * Some brokers hang up on what they do not take (MQTT 3.1.1 has no other way), and would do so for ever: this remembers
 * on what they did. A line that is bad hangs up, too, but hardly ever four times in a row on the same thing, each time
 * on a connection that had carried others.
 */
export class Suspicions {
  readonly #seen = new Map<string, { readonly times: number; readonly at: number }>();

  /** @param key of the thing, say a topic */
  blame(key: string): void {
    const times = this.#timesOf(key) + 1;
    this.#seen.delete(key);
    this.#seen.set(key, { times, at: steadyNow() });
    const [oldest] = this.#seen.keys();
    if (this.#seen.size > MOST) this.#seen.delete(oldest);
  }

  /** The broker took it. */
  clear(key: string): void {
    this.#seen.delete(key);
  }

  /** Why what it has happened to too often is not sent any more; undefined for anything else. */
  refusalOf(key: string): Refusal | undefined {
    if (this.#timesOf(key) < TRIES) return undefined;
    return new Refusal('message', `the broker hung up ${TRIES} times in a row when it came`);
  }

  #timesOf(key: string): number {
    const { times = 0, at = 0 } = this.#seen.get(key) ?? {};
    if (steadyNow() - at < FORGOTTEN) return times;
    this.#seen.delete(key);
    return 0;
  }
}
