/** A line that a terminal shows in place; elsewhere (a log, a pipe) only its last state of each part is printed. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  #last = '';
  #shownAt = 0;

  constructor(stream: NodeJS.WriteStream = process.stderr) {
    this.#stream = stream;
  }

  /** Shows `text` instead of what stands there. */
  update(text: string): void {
    this.#last = text;
    if (!this.#stream.isTTY || performance.now() - this.#shownAt < 100) return;
    this.#shownAt = performance.now();
    this.#draw(text);
  }

  /** Leaves the last text standing and goes on below it. */
  finish(text = this.#last): void {
    if (!text) return;
    if (this.#stream.isTTY) this.#draw(text);
    else this.#stream.write(text);
    this.#stream.write('\n');
    this.#last = '';
  }

  #draw(text: string): void {
    const shown = text.slice(0, (this.#stream.columns ?? 80) - 1);
    this.#stream.write(`\r\x1b[2K${shown}`);
  }
}

/** `part` of 1 as a bar of `width` characters. */
export function bar(part: number, width = 20): string {
  const full = Math.round(part * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}

/** Seconds as `45 s`, `3 min 20 s` or `2 h 5 min`. */
export function duration(seconds: number): string {
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return whole < 3600 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}
