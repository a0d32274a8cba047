import { randomUUID } from 'node:crypto';
import { interruptibly } from '../../common/abort.js';
import { now } from '../../common/clock.js';
import type { Frame } from '../camera/frame.js';
import { type AlertEvent, AlertMachine, type AlertRules } from './alerts.js';
import { Batcher } from './batcher.js';
import type { Polygon } from './ignored.js';
import type { LiveDetector } from './live-detector.js';
import { type JudgedFrame, verdictOf } from './verdict.js';

/**
 * Why a frame was not judged: others were before it, it was lost with the inference process, its camera had only just
 * connected, or its trigger did not want it.
 */
export type DropReason = 'busy' | 'inference' | 'unsettled' | 'untriggered';

/** What comes of the frames. Called between batches, so it must be quick. */
export interface InspectorListener {
  onVerdict(judged: JudgedFrame): void;
  onAlert(event: AlertEvent): void;
  /** A frame is never judged: it was not wanted, made room for a newer one, or was lost with the inference process. */
  onDrop(frame: Frame, reason: DropReason): void;
  onBatch(frames: number, seconds: number): void;
}

export interface InspectorOptions {
  readonly detector: Pick<LiveDetector, 'judge'>;
  readonly maxBatch: number;
  /** Milliseconds that a batch that is not full waits for more frames. */
  readonly maxWait: number;
  /** How many of its cameras send frames now, see `Batcher`. */
  cameras?(): number;
  /** Frames kept for each camera. */
  readonly queue: number;
  /** The score from which on a frame of the camera is anomalous. */
  thresholdOf(camera: string): number;
  /** The part of it from which on a frame is to be reviewed; undefined where none is. */
  reviewFrom?(camera: string): number | undefined;
  /** The camera's areas that never count; undefined where there are none. */
  ignoredBy?(camera: string): readonly Polygon[] | undefined;
  /** Whether a frame that has just come is to be judged; every one is when absent. */
  admits?(frame: Frame): boolean;
  /** Whether the camera opens no alerts now. */
  isMuted?(camera: string): boolean;
  readonly alert: AlertRules;
  readonly listener: InspectorListener;
}

/**
 * From frames to verdicts and alerts: batches the frames of all cameras, has them judged, and follows each camera's
 * alert.
 */
export class Inspector {
  readonly #options: InspectorOptions;
  readonly #batcher: Batcher;
  readonly #alerts = new Map<string, AlertMachine>();
  #rules: AlertRules;

  constructor(options: InspectorOptions) {
    const { maxBatch, maxWait, cameras, queue, listener } = options;
    this.#options = options;
    this.#rules = options.alert;
    this.#batcher = new Batcher({
      maxBatch,
      maxWait,
      cameras,
      queue,
      onBatch: (batch) => this.#judge(batch),
      onDrop: (frame) => listener.onDrop(frame, 'busy'),
    });
  }

  start(): void {
    this.#batcher.start();
  }

  /** Ends after the batch in flight; alerts that are open close. */
  async stop(): Promise<void> {
    await this.#batcher.stop();
    for (const camera of this.#alerts.keys()) this.#close(camera, 'stopped');
  }

  /**
   * No frame of the camera comes any more: when the last one has been judged, its alert closes.
   * @throws KdadError INTERRUPTED once the signal was given; `stop` closes the alert then
   */
  async end(camera: string, signal?: AbortSignal): Promise<void> {
    await interruptibly(this.#batcher.drained(camera), signal);
    this.#close(camera, 'stopped');
    this.#alerts.delete(camera);
  }

  /** Alerts open and close by other rules from now on. */
  changeRules(rules: AlertRules): void {
    this.#rules = rules;
    for (const machine of this.#alerts.values()) machine.changeRules(rules);
  }

  /** The alert that the camera has open closes: it is not to be heard of. */
  mute(camera: string): void {
    this.#close(camera, 'muted');
  }

  push(frame: Frame): void {
    const { admits, listener } = this.#options;
    if (admits && !admits(frame)) listener.onDrop(frame, 'untriggered');
    else this.#batcher.push(frame);
  }

  /** Resolves once every frame has been judged or dropped. */
  drained(): Promise<void> {
    return this.#batcher.drained();
  }

  #close(camera: string, reason: 'stopped' | 'muted'): void {
    const event = this.#alerts.get(camera)?.stop(now(), reason);
    if (event) this.#options.listener.onAlert(event);
  }

  async #judge(batch: readonly Frame[]): Promise<void> {
    const { detector, thresholdOf, reviewFrom, ignoredBy, listener } = this.#options;
    const thresholds = batch.map(({ camera }) => thresholdOf(camera));
    const reviews = batch.map(({ camera }) => reviewFrom?.(camera));
    const frames = batch.length === 1 ? batch[0].pixels : Buffer.concat(batch.map(({ pixels }) => pixels));
    const ignored = batch.map(({ camera }) => ignoredBy?.(camera) ?? null);
    const begin = performance.now();
    const request = { batch: batch.length, frames, mapsFrom: thresholds, ignored };
    // The inference process has told why, and is being replaced.
    const judged = await detector.judge(request).catch(() => undefined);
    if (!judged) {
      for (const frame of batch) listener.onDrop(frame, 'inference');
      return;
    }
    const { scores, maps, scenes } = judged;
    listener.onBatch(batch.length, (performance.now() - begin) / 1000);
    for (const [i, frame] of batch.entries()) {
      // A score that is no number is no verdict: nobody may take it for a good part.
      if (!Number.isFinite(scores[i])) listener.onDrop(frame, 'inference');
      else {
        const verdict = verdictOf(frame, scores[i], thresholds[i], { review: reviews[i], scene: scenes[i] });
        this.#follow({ verdict, frame, map: maps[i] ?? undefined });
      }
    }
  }

  #follow(judged: JudgedFrame): void {
    const { listener, isMuted } = this.#options;
    const { camera } = judged.verdict;
    listener.onVerdict(judged);
    let machine = this.#alerts.get(camera);
    if (!machine) {
      machine = new AlertMachine(this.#rules, randomUUID);
      this.#alerts.set(camera, machine);
    }
    const event = machine.next(judged, isMuted?.(camera));
    if (event) listener.onAlert(event);
  }
}
