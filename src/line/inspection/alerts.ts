import type { Moment } from '../../common/clock.js';
import { RecentFrames, worse } from './recent-frames.js';
import type { JudgedFrame } from './verdict.js';

/** When an alert opens and closes. */
export interface AlertRules {
  /** It opens when `open` of the last `window` frames were anomalous. */
  readonly window: number;
  readonly open: number;
  /** It closes after `release` frames in a row whose ratio is below `releaseRatio`. */
  readonly releaseRatio: number;
  readonly release: number;
  /** Milliseconds after closing in which none opens. */
  readonly cooldown: number;
}

/** What the line is told: an alert has opened, become markedly worse, or closed. */
export interface AlertEvent {
  readonly kind: 'opened' | 'updated' | 'closed';
  /** Of the alert: the same from opening to closing. */
  readonly id: string;
  readonly camera: string;
  /** Time of the frame that brought the event, milliseconds since the epoch. */
  readonly time: number;
  /** Time of the frame that opened the alert. */
  readonly openedAt: number;
  /** Milliseconds from there to the event, however the clock was set meanwhile. */
  readonly duration: number;
  /** The worst frame so far. */
  readonly peak: JudgedFrame;
  /** Why it closed: the camera saw good frames again, nobody looks any more, or nobody wants to hear of it. */
  readonly reason?: 'released' | 'stopped' | 'muted';
}

/** A new worst frame is told when it is worse than the last one told by this factor: a flickering score is no news. */
const NEWS = 1.05;

interface OpenAlert {
  readonly id: string;
  readonly opened: Moment;
  peak: JudgedFrame;
  /** The ratio that was told last. */
  told: number;
  /** Frames in a row below the release ratio. */
  quiet: number;
}

/** The state of one camera's alert: k of n anomalous frames open it, m quiet ones in a row close it. */
export class AlertMachine {
  #rules: AlertRules;
  readonly #newId: () => string;
  #recent = new RecentFrames();
  #alert: OpenAlert | undefined;
  /** In steady time. */
  #notBefore = Number.NEGATIVE_INFINITY;

  constructor(rules: AlertRules, newId: () => string) {
    this.#rules = rules;
    this.#newId = newId;
  }

  get isOpen(): boolean {
    return this.#alert !== undefined;
  }

  /** Goes by other rules from the next frame on; an alert that is open stays so. */
  changeRules(rules: AlertRules): void {
    this.#rules = rules;
  }

  /**
   * Takes the next frame of the camera that was judged and returns the event that it brings, if any.
   * @param muted no alert opens, though the frame counts for one that opens later
   */
  next(judged: JudgedFrame, muted = false): AlertEvent | undefined {
    return this.#alert ? this.#whileOpen(this.#alert, judged) : this.#whileClosed(judged, muted);
  }

  /** The event that closes an alert before its time, undefined when none is open. */
  stop(at: Moment, reason: 'stopped' | 'muted'): AlertEvent | undefined {
    const alert = this.#alert;
    this.#alert = undefined;
    return alert && this.#event('closed', alert, at, reason);
  }

  #whileClosed(judged: JudgedFrame, muted: boolean): AlertEvent | undefined {
    const { window, open } = this.#rules;
    const { anomalous, worst } = this.#recent.next(judged, window);
    const { verdict, frame } = judged;
    if (muted || !verdict.anomalous || anomalous < open || frame.steadyTime < this.#notBefore) return undefined;
    this.#alert = { id: this.#newId(), opened: frame, peak: worst, told: worst.verdict.ratio, quiet: 0 };
    this.#recent = new RecentFrames();
    return this.#event('opened', this.#alert, frame);
  }

  #whileOpen(alert: OpenAlert, judged: JudgedFrame): AlertEvent | undefined {
    const { releaseRatio, release, cooldown } = this.#rules;
    const { frame, verdict } = judged;
    const { ratio } = verdict;
    alert.quiet = ratio < releaseRatio ? alert.quiet + 1 : 0;
    if (alert.quiet >= release) {
      this.#alert = undefined;
      this.#notBefore = frame.steadyTime + cooldown;
      return this.#event('closed', alert, frame, 'released');
    }
    alert.peak = worse(alert.peak, judged);
    if (ratio < alert.told * NEWS) return undefined;
    alert.told = ratio;
    return this.#event('updated', alert, frame);
  }

  #event(
    kind: AlertEvent['kind'],
    { id, opened, peak }: OpenAlert,
    { time, steadyTime }: Moment,
    reason?: AlertEvent['reason'],
  ): AlertEvent {
    const duration = steadyTime - opened.steadyTime;
    return {
      kind,
      id,
      camera: peak.verdict.camera,
      time,
      openedAt: opened.time,
      duration,
      peak,
      ...(reason && { reason }),
    };
  }
}
