import { KdadError } from '../../common/errors.js';

/** Lets in one at a time, in the order of coming, until it closes. */
export class Gate {
  readonly #closing = new AbortController();
  #last: Promise<unknown> = Promise.resolve();
  #closed: Promise<void> | undefined;

  /**
   * @param work gets a signal that is given when the gate closes, or by `signal`; it has to end soon then
   * @throws KdadError INTERRUPTED when the gate has closed before its turn, and what the work throws
   */
  enter<Result>(work: (signal: AbortSignal) => Promise<Result>, signal?: AbortSignal): Promise<Result> {
    const either = signal ? AbortSignal.any([signal, this.#closing.signal]) : this.#closing.signal;
    const result = this.#last.then(() => {
      if (either.aborted) throw new KdadError('INTERRUPTED', 'interrupted');
      return work(either);
    });
    this.#last = result.catch(() => {});
    return result;
  }

  /**
   * Interrupts whoever is in, turns away those who wait and those who come, and does the last work, once, when it is
   * alone.
   */
  close(work: () => Promise<void>): Promise<void> {
    this.#closing.abort();
    this.#closed ??= this.#last.then(work);
    return this.#closed;
  }
}
