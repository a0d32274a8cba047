/** Frames by which a decoder's report may come before the one that it is about. */
const ahead = { inOrder: 2, reordered: 18 };

/** What is known of a decoded frame. */
export interface DecodedFrame {
  /** It needs no other. */
  readonly key: boolean;
  /** It is of a kind that makes decoders put frames out in another order than they decode them (B frames). */
  readonly reordered: boolean;
}

/** Tells which decoded frames may be damaged: those from a report on, up to the next key frame of which no report can have been. */
export class DamageWatch {
  #damaged = false;
  #sinceReport = 0;
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
  }

  /** @returns whether the next frame may be damaged */
  next({ key, reordered }: DecodedFrame): boolean {
    this.#reordered ||= reordered;
    const past = this.#sinceReport++ >= (this.#reordered ? ahead.reordered : ahead.inOrder);
    if (key && past) this.#damaged = false;
    return this.#damaged;
  }
}
