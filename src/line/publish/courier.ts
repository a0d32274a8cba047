import { steadyNow } from '../../common/clock.js';
import type { Outbox, OutboxMessage } from './outbox.js';
import { Refusal } from './refusal.js';
import { RestingTopics } from './resting-topics.js';

/** Milliseconds after which a message counts as late. */
const LATE = 5000;
/** Milliseconds before the store is tried again that could not be used. */
const RETRY = 1000;

export interface CourierOptions {
  readonly outbox: Outbox;
  /** Whether the broker can be reached now. */
  readonly connected: () => boolean;
  /** Resolves when the broker has the message; rejects with a `Refusal` when it does not take it. */
  readonly deliver: (message: OutboxMessage, late: boolean, key: string) => Promise<void>;
  /** The broker will never take the message; it leaves the outbox. */
  readonly onRefused: (message: OutboxMessage, reason: string) => Promise<void>;
  /** The store cannot be read or written; told once until it can. */
  readonly onFailure: (error: Error) => void;
}

/**
 * Carries what is in the outbox to the broker, one message after the other, whenever it can be reached. What the broker
 * does not take keeps back nothing but, for a while, what else belongs to its topic.
 */
export class Courier {
  readonly #options: CourierOptions;
  readonly #resting = new RestingTopics();
  #running: Promise<void> | undefined;
  #stopped = false;
  #woken = false;
  #interrupt: () => void = () => {};
  #abandon: () => void = () => {};
  #emptied: () => void = () => {};

  constructor(options: CourierOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopped = false;
    this.#running = this.#run();
  }

  /** There is something to do: a message has come, or the broker. */
  wake(): void {
    this.#woken = true;
    this.#interrupt();
  }

  /** Resolves when nothing waits any more, or after so many milliseconds. */
  async emptied(limit: number): Promise<void> {
    const { outbox, connected } = this.#options;
    if (outbox.depth === 0 || !connected()) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#emptied = resolve;
      timer = setTimeout(resolve, limit);
    });
    clearTimeout(timer);
  }

  /** A message under way is not waited for: it stays in the outbox. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#interrupt();
    this.#abandon();
    await this.#running;
  }

  async #run(): Promise<void> {
    const { outbox, onFailure } = this.#options;
    let failed = false;
    while (!this.#stopped) {
      this.#woken = false;
      try {
        // Reading takes time, in which a rest may end.
        const now = steadyNow();
        const next = await this.#next(now);
        if (next) await this.#handOver(next);
        else await this.#rest(outbox.isOpen ? this.#resting.next(now) : RETRY);
        failed = false;
      } catch (error) {
        if (this.#stopped) return;
        // What could not be opened has been told of at the start.
        if (!failed && outbox.isOpen) onFailure(error as Error);
        failed = true;
        await this.#rest(RETRY);
      }
    }
  }

  async #next(now: number) {
    const { outbox, connected } = this.#options;
    if (outbox.isOpen && outbox.depth === 0) this.#emptied();
    if (!connected() || (outbox.isOpen && outbox.depth === 0)) return undefined;
    return outbox.first((topic) => this.#resting.isResting(topic, now));
  }

  /** What the broker has acknowledged is forgotten; what it has not is sent again, unless it never takes it. */
  async #handOver({ key, message }: { key: string; message: OutboxMessage }): Promise<void> {
    const { outbox, onRefused } = this.#options;
    const { topic } = message;
    const failure = await this.#deliver(key, message);
    if (this.#stopped && failure) return;
    if (failure && !this.#isLasting(failure, topic)) return;
    if (failure) await onRefused(message, failure.message);
    this.#resting.delivered(topic);
    await outbox.done(key);
  }

  /** Else its topic rests, and it is tried again. */
  #isLasting(failure: Error, topic: string): boolean {
    if (!(failure instanceof Refusal)) {
      this.#resting.pause(topic);
      return false;
    }
    const often = this.#resting.refused(topic);
    return failure.kind === 'message' || (failure.kind === 'unclear' && often);
  }

  /** @returns why it failed, also when we are stopped meanwhile */
  #deliver(key: string, message: OutboxMessage): Promise<Error | undefined> {
    const age = steadyNow() - message.madeAt;
    // What seems to come from the future was made by an earlier run, before the clock was set back.
    const late = age > LATE || age < 0;
    return new Promise((resolve) => {
      this.#abandon = () => resolve(new Error('stopped'));
      this.#options.deliver(message, late, key).then(() => resolve(undefined), resolve);
    });
  }

  /** Until somebody wakes us, or so many milliseconds have passed. */
  async #rest(limit?: number): Promise<void> {
    if (this.#stopped || this.#woken) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#interrupt = resolve;
      if (limit !== undefined) timer = setTimeout(resolve, limit);
    });
    clearTimeout(timer);
  }
}
