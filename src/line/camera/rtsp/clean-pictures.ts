import type { EncodedPicture } from './access-units.js';

export interface CleanPicturesListener {
  /** Pictures pass again from here on that are not yet whole: each brings a part. */
  onRecovering(): void;
  /** Those that pass are whole from here on, unless something happened to them since a point of recovery. */
  onRecovered(): void;
}

/**
 * Lets only those pictures through that can be decoded as the camera meant them: after damage, nothing before the next
 * key picture or point of recovery. What is missing cannot be seen in what is decoded: decoders fill it up with other
 * pictures' parts.
 */
export class CleanPictures {
  readonly #listener: CleanPicturesListener;
  #started = false;
  #waiting = false;
  /** Pictures that a key picture brings along may need what was not let through. */
  #skipsLeading = false;
  /** Until a recovery is over. */
  #picturesLeft: number | undefined;

  constructor(listener: CleanPicturesListener) {
    this.#listener = listener;
  }

  /** @returns whether the next picture can be decoded */
  passes(picture: EncodedPicture): boolean {
    const { key, leading, damage, afterGap } = picture;
    const interrupted = damage !== undefined || afterGap;
    if (interrupted) this.#picturesLeft = undefined;
    // A decoder knows by itself where it can begin.
    if (interrupted && this.#started) this.#waiting = true;
    if (damage) return false;
    if (key) {
      this.#skipsLeading = this.#waiting;
      this.#waiting = false;
    } else this.#recover(picture);
    if (this.#waiting || (leading && this.#skipsLeading)) return false;
    this.#started = true;
    return true;
  }

  #recover({ recovery, reference }: EncodedPicture): void {
    if (this.#picturesLeft !== undefined) {
      if (reference) this.#picturesLeft--;
    } else if (recovery !== undefined) {
      this.#picturesLeft = recovery;
      if (this.#waiting) this.#listener.onRecovering();
      this.#waiting = false;
    }
    if (this.#picturesLeft !== undefined && this.#picturesLeft <= 0) {
      this.#picturesLeft = undefined;
      this.#listener.onRecovered();
    }
  }
}
