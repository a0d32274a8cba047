import { type DamageReason, damageReasons } from './damage.js';

const INTERVAL = 60_000;

const words: Readonly<Record<DamageReason, string>> = {
  packets: 'packets missing',
  pictures: 'JPEGs without an end',
  marker: 'frames cut by a wrong marker',
  decoder: 'reports of the decoder',
};

const none = (): Record<DamageReason, number> => ({ packets: 0, pictures: 0, marker: 0, decoder: 0 });

/** Warns of a camera's damaged frames at once, and then once a minute at most, with what has come together. */
export class DamageWarnings {
  readonly #warn: (message: string) => void;
  readonly #interval: number;
  #warnedAt = Number.NEGATIVE_INFINITY;
  #counts = none();
  #frames = 0;

  /** @param interval milliseconds between two warnings */
  constructor(warn: (message: string) => void, interval = INTERVAL) {
    this.#warn = warn;
    this.#interval = interval;
  }

  /** @param detail what, in the words of who noticed it @param at milliseconds of a clock that nobody sets */
  damage(reason: DamageReason, detail: string, at = performance.now()): void {
    this.#counts[reason]++;
    if (at - this.#warnedAt < this.#interval) return;
    this.#warnedAt = at;
    const counts = damageReasons.filter((one) => this.#counts[one] > 0);
    const list = counts.map((one) => `${words[one]}: ${this.#counts[one]}`).join(', ');
    const before = this.#frames > 0 ? `; ${this.#frames} frames left out since the last warning` : '';
    this.#warn(`damaged frames are not judged, until the next key frame. ${list}${before}. Last: ${detail}`);
    this.#counts = none();
    this.#frames = 0;
  }

  /** A frame was left out. */
  frame(): void {
    this.#frames++;
  }
}
