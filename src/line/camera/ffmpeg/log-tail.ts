const maxLineLength = 1000;

/**
 * The last lines of a text that arrives in pieces. Bounded, whatever is written: long lines are cut, old ones
 * forgotten.
 */
export class LogTail {
  readonly #maxLines: number;
  readonly #lines: string[] = [];
  #unfinished = '';

  constructor(maxLines = 100) {
    this.#maxLines = maxLines;
  }

  push(text: string): void {
    const lines = (this.#unfinished + text).split(/\r\n|[\r\n]/);
    this.#unfinished = lines.pop()!.slice(0, maxLineLength + 1);
    for (const line of lines) this.#lines.push(cut(line));
    this.#lines.splice(0, this.#lines.length - this.#maxLines);
  }

  /** The lines kept, oldest first, the unfinished last one included. */
  get lines(): string[] {
    const all = this.#unfinished === '' ? this.#lines : [...this.#lines, cut(this.#unfinished)];
    return all.slice(-this.#maxLines);
  }
}

/** Cuts between words: the first half of an address could not be told from a text without secrets. */
function cut(line: string): string {
  return line.length <= maxLineLength ? line : `${line.slice(0, maxLineLength).replace(/\S+$/, '')}...`;
}
