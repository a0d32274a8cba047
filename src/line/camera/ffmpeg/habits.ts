/** About so many frames are remembered. */
const MEMORY = 16;
const KINDS = 20;

/**
 * What a decoder says of nearly every frame. It is the way of that camera (it leaves out an end, or writes what nobody
 * knows beside the picture), and tells nothing about one frame.
 */
export class Habits {
  /** How often each kind of line was said lately: 0 to 1. */
  readonly #shares = new Map<string, number>();
  readonly #said = new Set<string>();

  /** @returns whether the line is a habit */
  says(line: string): boolean {
    const kind = line.replace(/0x[0-9a-f]+|-?\d+/gi, '#').slice(0, 200);
    if (this.#shares.size < KINDS || this.#shares.has(kind)) this.#said.add(kind);
    return (this.#shares.get(kind) ?? 0) > 0.9;
  }

  /** A frame has come of what was said since the one before. */
  frame(): void {
    for (const kind of this.#said) if (!this.#shares.has(kind)) this.#shares.set(kind, 0);
    for (const [kind, share] of this.#shares) {
      const now = share + ((this.#said.has(kind) ? 1 : 0) - share) / MEMORY;
      if (now < 0.01) this.#shares.delete(kind);
      else this.#shares.set(kind, now);
    }
    this.#said.clear();
  }
}
