import { steadyNow } from '../../common/clock.js';
import { type CameraSettings, defaultFolderFps, defaultSettle, defaultStallTimeout } from '../camera/settings.js';
import type { Trigger } from '../inspection/trigger.js';

/**
 * Milliseconds between two frames to be judged of a camera that is live and well, at most; infinite for one that waits
 * for commands.
 */
export function longestPause({
  source,
  fps,
  stallTimeout,
  settle,
  trigger,
}: CameraSettings & { trigger: Trigger }): number {
  if (trigger === 'command') return Number.POSITIVE_INFINITY;
  const period = fps === undefined ? 0 : 1000 / fps;
  const frames =
    source.kind === 'folder' ? 1000 / (fps ?? defaultFolderFps) : (stallTimeout ?? defaultStallTimeout) + period;
  return frames + (settle ?? defaultSettle) + (trigger === 'continuous' ? 0 : trigger.every);
}

/** Whether the daemon gets on with its work: while a camera is live, frames are judged. */
export class Progress {
  readonly #patience: number;
  readonly #now: () => number;
  readonly #live = new Map<string, { readonly since: number; readonly pause: number }>();
  #lastVerdict = Number.NEGATIVE_INFINITY;

  /** @param patience milliseconds that judging may take, a detector replaced on the way included */
  constructor(patience: number, now = steadyNow) {
    this.#patience = patience;
    this.#now = now;
  }

  /** @param pause its `longestPause` */
  cameraLive(name: string, pause: number): void {
    this.#live.set(name, { since: this.#now(), pause });
  }

  /** A frame came that is not to be judged, because it may be damaged: the next one is waited for from now on. */
  frameLeftOut(name: string): void {
    const camera = this.#live.get(name);
    if (camera) this.#live.set(name, { ...camera, since: this.#now() });
  }

  /** The camera is live no more. */
  cameraGone(name: string): void {
    this.#live.delete(name);
  }

  frameJudged(): void {
    this.#lastVerdict = this.#now();
  }

  /**
   * A camera is live, and for longer than its next frame and judging it can take there was no verdict; never while none
   * is live.
   */
  get stuck(): boolean {
    const now = this.#now();
    return [...this.#live.values()].some(
      ({ since, pause }) => now - Math.max(since, this.#lastVerdict) > this.#patience + pause,
    );
  }
}
