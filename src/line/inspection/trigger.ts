/**
 * Which frames of a camera are judged: every one, one in each interval of so many milliseconds, or only those that are
 * asked for.
 */
export type Trigger = 'continuous' | 'command' | { readonly every: number };

/** Lets those frames of one camera through that its trigger wants judged, those asked for aside. */
export class TriggerGate {
  readonly #trigger: Trigger;
  /** When the first interval began. */
  #begin: number | undefined;
  /** The interval whose frame was let through last. */
  #served = -1;

  constructor(trigger: Trigger) {
    this.#trigger = trigger;
  }

  /**
   * Whether the frame that has just come is to be judged. Of each interval that is the first frame; intervals follow
   * each other evenly from the first frame on, so that a late frame does not put off those after it.
   *
   * @param now in steady time
   */
  admits(now: number): boolean {
    if (typeof this.#trigger === 'string') return this.#trigger === 'continuous';
    this.#begin ??= now;
    const interval = Math.floor((now - this.#begin) / this.#trigger.every);
    if (interval <= this.#served) return false;
    this.#served = interval;
    return true;
  }
}
