import type { JudgedFrame } from './verdict.js';

/** Frames with their pixels that are held at most. */
const HELD = 16;

export const worse = (a: JudgedFrame, b: JudgedFrame): JudgedFrame => (b.verdict.ratio > a.verdict.ratio ? b : a);

/**
 * The last frames of a camera that has no alert: how many were anomalous, and the worst of them. Of a long window only
 * those frames are held that can still become the worst: a frame that is followed by a worse one never does.
 */
export class RecentFrames {
  #anomalous: boolean[] = [];
  #count = 0;
  /** Anomalous frames, each less bad than those before it. */
  #candidates: { readonly at: number; readonly judged: JudgedFrame }[] = [];

  /** Frames whose pixels are held. */
  get held(): number {
    return this.#candidates.length;
  }

  /** @param window how many frames count, this one included */
  next(judged: JudgedFrame, window: number): { readonly anomalous: number; readonly worst: JudgedFrame } {
    const { anomalous, ratio } = judged.verdict;
    const at = this.#count++;
    this.#anomalous = [...this.#anomalous, anomalous].slice(-window);
    this.#candidates = this.#candidates.filter(
      (one) => one.at > at - window && !(anomalous && one.judged.verdict.ratio < ratio),
    );
    if (anomalous && this.#candidates.length < HELD) this.#candidates.push({ at, judged });
    return { anomalous: this.#anomalous.filter(Boolean).length, worst: this.#candidates[0]?.judged ?? judged };
  }
}
