import type { Length } from './damage.js';

/** Seconds that a video may be shorter than it says: the last frame may stay longer than the others. */
const TOLERANCE = 0.5;

/** What ffmpeg says of files that have not all of what their headers promise. */
const cutOff = /partial file|[Ee]nded prematurely|ends prematurely|^Read error/;

/** What is wrong with a recorded video, in one sentence. */
export class DamageReport {
  #detail: string | undefined;
  #cutOff = false;
  #leftOut = 0;
  #first: number | undefined;

  /** @param detail in ffmpeg's words; the first is the one that is told */
  add(detail: string): void {
    if (cutOff.test(detail)) this.#cutOff = true;
    this.#detail ??= detail;
  }

  /** @param frame its number, from 0, if that is known */
  leaveOut(frame?: number): void {
    this.#leftOut++;
    this.#first ??= frame;
  }

  /** @returns undefined for a video that is whole */
  text(length: Length): string | undefined {
    const missing = tooShort(length);
    if (this.#detail === undefined && missing === undefined) return undefined;
    const from = this.#first === undefined ? '' : `, from frame ${this.#first} on`;
    const parts = [
      missing ?? (this.#cutOff ? 'the video ends before its time: the file is not all there' : 'the video is damaged'),
    ];
    if (this.#leftOut > 0) parts.push(`${this.#leftOut} frames are damaged, or may be, and were left out${from}`);
    if (this.#detail !== undefined) parts.push(`ffmpeg says: ${this.#detail}`);
    return parts.join('; ');
  }
}

function tooShort({ told, decoded, longestFrame }: Length): string | undefined {
  if (told === undefined || longestFrame === 0 || told - decoded <= Math.max(TOLERANCE, 2 * longestFrame))
    return undefined;
  return `the video ends before its time: it says that it lasts ${told.toFixed(2)} s, and its frames end at ${decoded.toFixed(2)} s`;
}
