/**
 * Cuts a stream of bytes into whole frames, wherever its chunks begin and end. Every byte is copied once, and every
 * frame owns its memory, so that holding on to a frame holds on to nothing else.
 */
export class FrameAssembler {
  readonly #frameBytes: number;
  #frame: Uint8Array | undefined;
  #filled = 0;

  /** @param frameBytes height x width x 3 */
  constructor(frameBytes: number) {
    this.#frameBytes = frameBytes;
  }

  /** The bytes of the frame that has begun and is not whole. */
  get pendingBytes(): number {
    return this.#filled;
  }

  /** Takes the next bytes of the stream; returns the frames that they complete, oldest first. */
  push(chunk: Uint8Array): Uint8Array[] {
    const frames: Uint8Array[] = [];
    for (let offset = 0; offset < chunk.length; ) {
      this.#frame ??= Buffer.allocUnsafeSlow(this.#frameBytes);
      const part = chunk.subarray(offset, offset + this.#frameBytes - this.#filled);
      this.#frame.set(part, this.#filled);
      this.#filled += part.length;
      offset += part.length;
      if (this.#filled === this.#frameBytes) {
        frames.push(this.#frame);
        this.#frame = undefined;
        this.#filled = 0;
      }
    }
    return frames;
  }
}
