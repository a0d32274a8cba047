const maxLineLength = 1000;

/** The last lines of a text that arrives in pieces. Bounded, whatever is written: long lines are cut, old ones forgotten. */
export class LogTail {
  readonly #maxLines: number;
  readonly #lines: string[] = [];
  #unfinished = '';

  constructor(maxLines = 100) {
    this.#maxLines = maxLines;
  }

  push(text: string): void {
    const lines = (this.#unfinished + text).split(/\r\n|[\r\n]/);
    this.#unfinished = lines.pop()!.slice(0, maxLineLength);
    for (const line of lines) this.#lines.push(line.slice(0, maxLineLength));
    this.#lines.splice(0, this.#lines.length - this.#maxLines);
  }

  /** The lines kept, oldest first, the unfinished last one included. */
  get lines(): string[] {
    const all = this.#unfinished === '' ? this.#lines : [...this.#lines, this.#unfinished];
    return all.slice(-this.#maxLines);
  }
}
