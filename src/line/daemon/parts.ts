import { interruptibly, throwIfInterrupted } from '../../common/abort.js';

/** What starts before, and stops after, those that need it. */
export interface Part {
  /** For the log. */
  readonly name: string;
  /** @param signal ends the starting: nobody waits for it any more */
  start(signal: AbortSignal): unknown;
  stop(): unknown;
}

/** Gives a name to what starts and stops. */
export function named(name: string, part: Omit<Part, 'name'>): Part {
  return { name, start: (signal) => part.start(signal), stop: () => part.stop() };
}

/**
 * Milliseconds that one part may take to stop, or to give up starting. Together the parts stay below the TimeoutStopSec
 * of systemd/kdad-edge.service.
 */
const LIMIT = 3000;

/** Starts parts in order and stops them in reverse; one that fails or hangs keeps no other from stopping. */
export class Parts {
  readonly #onUnstopped: (part: string, reason: string) => void;
  #started: Part[] = [];

  /** @param onUnstopped told of a part that failed to stop, or did not in time; those after it go on */
  constructor(onUnstopped: (part: string, reason: string) => void) {
    this.#onUnstopped = onUnstopped;
  }

  /** @throws KdadError INTERRUPTED, and what a part throws; call `stop` then, too */
  async start(parts: readonly Part[], signal: AbortSignal): Promise<void> {
    // A part that is stopped before it has started would start all the same, and nobody would stop it then: it gets a
    // while.
    const patience = new AbortController();
    signal.addEventListener('abort', () => void setTimeout(() => patience.abort(), LIMIT).unref(), { once: true });
    for (const part of parts) {
      throwIfInterrupted(signal);
      this.#started.push(part);
      await interruptibly((async () => part.start(signal))(), patience.signal);
    }
    throwIfInterrupted(signal);
  }

  async stop(): Promise<void> {
    const parts = this.#started.reverse();
    this.#started = [];
    for (const part of parts) {
      const timeout = AbortSignal.timeout(LIMIT);
      try {
        await interruptibly((async () => part.stop())(), timeout);
      } catch (error) {
        const reason = timeout.aborted ? `did not stop within ${LIMIT / 1000} s` : (error as Error).message;
        this.#onUnstopped(part.name, reason);
      }
    }
  }
}
