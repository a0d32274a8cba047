import type { Frame } from '../camera/frame.js';

/**
 * Frames that wait to be judged, a few for each camera. When a camera is faster than inference its oldest frame makes
 * room, so that what is judged is never old; cameras take turns, so that a fast one does not crowd out a slow one.
 */
export class FrameQueue {
  readonly #capacity: number;
  /** By camera; the camera that was served longest ago comes first. */
  readonly #waiting = new Map<string, Frame[]>();
  /** @param capacity frames kept for each camera */
  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  get length(): number {
    let sum = 0;
    for (const frames of this.#waiting.values()) sum += frames.length;
    return sum;
  }

  /** Frames of one camera. */
  lengthOf(camera: string): number {
    return this.#waiting.get(camera)?.length ?? 0;
  }

  /** Returns the frame that had to make room, if any. */
  push(frame: Frame): Frame | undefined {
    const frames = this.#waiting.get(frame.camera);
    if (!frames) {
      this.#waiting.set(frame.camera, [frame]);
      return undefined;
    }
    frames.push(frame);
    return frames.length > this.#capacity ? frames.shift() : undefined;
  }

  /** Takes up to `most` frames, one of each camera in turn, oldest first. */
  take(most: number): Frame[] {
    const batch: Frame[] = [];
    while (batch.length < most && this.#waiting.size > 0) {
      const [camera, frames] = this.#waiting.entries().next().value as [string, Frame[]];
      batch.push(frames.shift() as Frame);
      this.#waiting.delete(camera);
      if (frames.length > 0) this.#waiting.set(camera, frames);
    }
    return batch;
  }
}
