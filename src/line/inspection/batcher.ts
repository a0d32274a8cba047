import type { Frame } from '../camera/frame.js';
import { FrameQueue } from './frame-queue.js';

export interface BatcherOptions {
  readonly maxBatch: number;
  /** Milliseconds that a batch that is not full waits for more frames. */
  readonly maxWait: number;
  /** How many cameras send frames now: a batch of as many waits for no more. `maxBatch` when absent. */
  cameras?(): number;
  /** Frames kept for each camera. */
  readonly queue: number;
  /** Judges a batch; the next one follows when it has resolved. */
  onBatch(batch: readonly Frame[]): Promise<void>;
  /** A frame made room for a newer one, or was still waiting at the end. */
  onDrop(frame: Frame): void;
}

/** Gathers the frames of all cameras into batches, one batch in flight at a time. */
export class Batcher {
  readonly #options: BatcherOptions;
  readonly #queue: FrameQueue;
  #running: Promise<void> | undefined;
  #stopping = new AbortController();
  #arrived: () => void = () => {};
  #inFlight: readonly Frame[] = [];
  #advanced: (() => void)[] = [];

  constructor(options: BatcherOptions) {
    this.#options = options;
    this.#queue = new FrameQueue(options.queue);
  }

  start(): void {
    this.#stopping = new AbortController();
    this.#running = this.#run(this.#stopping.signal);
  }

  /** Waits for the batch in flight; frames that are still in the queue are dropped. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    this.#arrived();
    await this.#running;
    for (const frame of this.#queue.take(Number.POSITIVE_INFINITY)) this.#options.onDrop(frame);
    this.#advance();
  }

  push(frame: Frame): void {
    const dropped = this.#queue.push(frame);
    if (dropped) this.#options.onDrop(dropped);
    this.#arrived();
  }

  /** Resolves once every frame that was pushed, or those of one camera, have been judged or dropped. */
  async drained(camera?: string): Promise<void> {
    while (this.#underWay(camera)) await new Promise<void>((resolve) => this.#advanced.push(resolve));
  }

  #underWay(camera?: string): boolean {
    if (camera === undefined) return this.#inFlight.length > 0 || this.#queue.length > 0;
    return this.#inFlight.some((frame) => frame.camera === camera) || this.#queue.lengthOf(camera) > 0;
  }

  /** Frames have been judged or dropped. */
  #advance(): void {
    for (const look of this.#advanced.splice(0)) look();
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { maxBatch, maxWait, cameras = () => maxBatch, onBatch } = this.#options;
    while (!signal.aborted) {
      await this.#untilLength(1);
      if (!signal.aborted) await this.#untilLength(Math.min(maxBatch, cameras()), maxWait);
      if (signal.aborted) return;
      this.#inFlight = this.#queue.take(maxBatch);
      await onBatch(this.#inFlight);
      this.#inFlight = [];
      this.#advance();
    }
  }

  /** Until so many frames wait, `limit` milliseconds have passed, or `stop` is called. */
  async #untilLength(length: number, limit?: number): Promise<void> {
    if (this.#queue.length >= length) return;
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>((resolve) => {
      if (limit !== undefined) timer = setTimeout(resolve, limit);
      this.#arrived = () => {
        if (this.#queue.length >= length || this.#stopping.signal.aborted) resolve();
      };
    });
    clearTimeout(timer);
    this.#arrived = () => {};
  }
}
