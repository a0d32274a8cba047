import { setImmediate as nextRound, setTimeout as sleep } from 'node:timers/promises';

/** Milliseconds that a frame waits for what the log says of it: that was written before, into another pipe. */
const PATIENCE = 2000;

/**
 * What the log says of frames, whether they may be damaged, in the order in which the frames come through another pipe.
 */
export class FrameMarks {
  readonly #marks: boolean[] = [];
  #wake = () => {};
  #seen = false;
  /** None come: what runs as ffmpeg keeps its log to itself. */
  #absent = false;
  /** Frames that have gone on without theirs. */
  #owed = 0;

  push(damaged: boolean): void {
    this.#seen = true;
    if (this.#owed > 0) this.#owed--;
    else this.#marks.push(damaged);
    this.#wake();
  }

  /** No more comes. */
  end(): void {
    this.#absent = true;
    this.#wake();
  }

  /** @returns whether the next frame may be damaged; false where nothing says so */
  async next(): Promise<boolean> {
    if (this.#marks.length === 0 && !this.#absent) await this.#arrival();
    const mark = this.#marks.shift();
    if (mark === undefined && this.#seen) this.#owed++;
    return mark ?? false;
  }

  async #arrival(): Promise<void> {
    const enough = new AbortController();
    const arrived = new Promise<void>((resolve) => {
      this.#wake = resolve;
    });
    await Promise.race([arrived, sleep(PATIENCE, undefined, { signal: enough.signal }).catch(() => {})]);
    enough.abort();
    // A process that was busy looks at the clock before it looks at the pipe.
    if (this.#marks.length === 0) await nextRound();
    if (this.#marks.length === 0 && !this.#seen) this.#absent = true;
  }
}
