/** Calls when something has not happened for too long. */
export class Watchdog {
  readonly #onLate: (milliseconds: number) => void;
  #timer: NodeJS.Timeout | undefined;

  constructor(onLate: (milliseconds: number) => void) {
    this.#onLate = onLate;
  }

  /** From now on, in place of what was waited for before. Undefined: for ever. */
  expect(milliseconds: number | undefined): void {
    this.stop();
    if (milliseconds !== undefined) this.#timer = setTimeout(this.#onLate, milliseconds, milliseconds);
  }

  /** What is waited for has a new time, if anything is waited for. */
  refresh(): void {
    this.#timer?.refresh();
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
