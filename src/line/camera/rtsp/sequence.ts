/** About so many steps are remembered. */
const MEMORY = 32;

/**
 * Watches the sequence numbers of RTP packets (RFC 3550, section 5.1) for gaps. Numbers that do not count, as of
 * cameras that always send the same one, tell nothing, and are no gaps.
 */
export class Sequence {
  #last: number | undefined;
  /** Share of the recent steps that went on by one. */
  #regular = 0.75;
  #hasCounted = false;
  #sinceGap = MEMORY;

  /**
   * Takes the next packet's number. `late`: the packet has come already, or was missed and the ones behind it have
   * come.
   */
  next(number: number): 'next' | 'gap' | 'late' {
    const step = this.#last === undefined ? 1 : (number - this.#last) & 0xffff;
    if (step === 1 && this.#last !== undefined) this.#hasCounted = true;
    this.#regular += ((step === 1 ? 1 : 0) - this.#regular) / MEMORY;
    const counts = this.#regular >= 0.5;
    const back = 0x10000 - step;
    if (counts && ((step === 0 && this.#hasCounted) || back <= MEMORY - this.#sinceGap)) return 'late';
    this.#last = number;
    if (step === 1 || step === 0 || !counts) {
      this.#sinceGap = Math.min(MEMORY, this.#sinceGap + 1);
      return 'next';
    }
    this.#sinceGap = 0;
    return 'gap';
  }
}
