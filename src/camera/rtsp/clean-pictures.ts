import type { EncodedPicture } from './access-units.js';

/**
 * Lets only those pictures through that can be decoded as the camera meant them: after damage, nothing before the next key
 * picture. What is missing cannot be seen in what is decoded: decoders fill it up with other pictures' parts.
 */
export class CleanPictures {
  #started = false;
  #waiting = false;
  /** Pictures that a key picture brings along may need what was not let through. */
  #skipsLeading = false;

  /** @returns whether the next picture can be decoded */
  passes({ key, leading, damage, afterGap }: EncodedPicture): boolean {
    const interrupted = damage !== undefined || afterGap;
    // A decoder knows by itself where it can begin.
    if (interrupted && this.#started) this.#waiting = true;
    if (damage) return false;
    if (key) {
      this.#skipsLeading = this.#waiting;
      this.#waiting = false;
    }
    if (this.#waiting || (leading && this.#skipsLeading)) return false;
    this.#started = true;
    return true;
  }
}
