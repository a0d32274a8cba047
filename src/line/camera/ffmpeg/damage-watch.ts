/** Frames by which a decoder's report may come before the one that it is about. */
const ahead = { inOrder: 2, reordered: 18 };

/** What is known of a decoded frame. */
export interface DecodedFrame {
  /** It needs no other. */
  readonly key: boolean;
  /** It is of a kind that makes decoders put frames out in another order than they decode them (B frames). */
  readonly reordered: boolean;
}

/**
 * Tells which decoded frames may be damaged: those from a report on, up to the next key frame of which no report can
 * have been, or a recovery.
 */
export class DamageWatch {
  #damaged = false;
  #sinceReport = 0;
  /** Recoveries that have to end: one that was under way at the report may not mend all. */
  #recoveriesLeft = 0;
  #sinceRecoveryBegan = Number.POSITIVE_INFINITY;
  /** Frames since the last of those. */
  #sinceRecovered: number | undefined;
  #reordered: boolean;

  /** @param reordered reports may come long before their frames, whatever the frames are */
  constructor(reordered = false) {
    this.#reordered = reordered;
  }

  get damaged(): boolean {
    return this.#damaged;
  }

  /** Something is wrong with the frame that comes next, or one soon after. */
  report(): void {
    this.#damaged = true;
    this.#sinceReport = 0;
    this.#sinceRecovered = undefined;
    // Soon after a recovery began, it is about what came before.
    if (this.#sinceRecoveryBegan > ahead.reordered) this.#recoveriesLeft = 2;
  }

  /** What goes to the decoder from here on is not whole, and is mended without a key frame, little by little. */
  recovering(): void {
    this.report();
    this.#recoveriesLeft = 1;
    this.#sinceRecoveryBegan = 0;
  }

  /** A recovery has ended in what goes to the decoder; frames that went before are still to come. */
  recovered(): void {
    if (--this.#recoveriesLeft <= 0) this.#sinceRecovered ??= 0;
  }

  /** @returns whether the next frame may be damaged */
  next({ key, reordered }: DecodedFrame): boolean {
    this.#reordered ||= reordered;
    this.#sinceRecoveryBegan++;
    const past = this.#sinceReport++ >= (this.#reordered ? ahead.reordered : ahead.inOrder);
    const recovered = this.#sinceRecovered !== undefined && this.#sinceRecovered++ >= ahead.reordered;
    if ((key && past) || recovered) this.#damaged = false;
    return this.#damaged;
  }
}
