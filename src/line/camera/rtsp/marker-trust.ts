/** Pictures in a row that ended with the marker before it is believed. */
const PROOF = 3;

/**
 * Whether RTP's marker tells the end of a picture. It should (RFC 6184, section 5.1; RFC 7798, section 4.1), and then a
 * picture is known to be whole with its last packet. But some encoders mark every slice or unit: those are never
 * believed again.
 */
export class MarkerTrust {
  #proven = 0;
  #lied = false;

  get trusted(): boolean {
    return !this.#lied && this.#proven >= PROOF;
  }

  /** The begin of another picture has shown where one ended. */
  pictureEnded({ marks, lastMarked }: { readonly marks: number; readonly lastMarked: boolean }): void {
    if (marks > 1 || (marks === 1 && !lastMarked)) this.#lied = true;
    else if (marks === 1) this.#proven++;
  }

  /** A picture went on behind the marker. */
  lied(): void {
    this.#lied = true;
  }
}
