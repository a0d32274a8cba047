import { steadyNow } from '../clock.js';
import type { Outbox, OutboxMessage } from './outbox.js';

/** Milliseconds after which a message counts as late. */
const LATE = 5000;
/** Milliseconds before a message that could not be handed over is tried again. */
const RETRY = 1000;

export interface CourierOptions {
  readonly outbox: Outbox;
  /** Whether the broker can be reached now. */
  readonly connected: () => boolean;
  /** Resolves when the broker has the message. */
  readonly deliver: (message: OutboxMessage, late: boolean) => Promise<void>;
  /** The store cannot be read or written; told once until it can. */
  readonly onFailure: (error: Error) => void;
}

/** Carries what is in the outbox to the broker, one message after the other, whenever it can be reached. */
export class Courier {
  readonly #options: CourierOptions;
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
    const { outbox, connected, onFailure } = this.#options;
    let failed = false;
    while (!this.#stopped) {
      this.#woken = false;
      try {
        const next = connected() ? await outbox.first() : undefined;
        if (!next) {
          if (outbox.depth === 0) this.#emptied();
          await this.#rest();
          continue;
        }
        // What the broker has acknowledged is forgotten; what it has not is sent again.
        if (await this.#hasBeenDelivered(next.message)) {
          await outbox.done(next.key);
          failed = false;
        } else if (!this.#stopped) await this.#rest(RETRY);
      } catch (error) {
        if (this.#stopped) return;
        if (!failed) onFailure(error as Error);
        failed = true;
        await this.#rest(RETRY);
      }
    }
  }

  /** False when it failed, or when we are stopped meanwhile. */
  #hasBeenDelivered(message: OutboxMessage): Promise<boolean> {
    const age = steadyNow() - message.madeAt;
    // What seems to come from the future was made by an earlier run, before the clock was set back.
    const late = age > LATE || age < 0;
    return new Promise((resolve) => {
      this.#abandon = () => resolve(false);
      this.#options.deliver(message, late).then(
        () => resolve(true),
        () => resolve(false),
      );
    });
  }

  /** Until somebody wakes us, or so many milliseconds have passed. */
  async #rest(limit?: number): Promise<void> {
    if (this.#stopped || (this.#woken && limit === undefined)) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      this.#interrupt = resolve;
      if (limit !== undefined) timer = setTimeout(resolve, limit);
    });
    clearTimeout(timer);
  }
}
