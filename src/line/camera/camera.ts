import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { now } from '../../common/clock.js';
import { KdadError } from '../../common/errors.js';
import type { Picture } from '../../method/images/picture.js';
import type { KnownBits } from '../../method/images/sample-bits.js';
import type { DamageListener, DamageReason } from './damage.js';
import { DamageReport } from './damage-report.js';
import { DamageWarnings } from './damage-warnings.js';
import { isEndless, isLive } from './ffmpeg/command.js';
import type { Ffmpeg } from './ffmpeg/ffmpeg.js';
import { playFolder } from './folder.js';
import type { Frame } from './frame.js';
import { Readers, readFrames } from './readers.js';
import { redactorFor } from './redact.js';
import {
  type CameraSettings,
  defaultFirstFrameTimeout,
  defaultFolderFps,
  defaultSettle,
  defaultStallTimeout,
} from './settings.js';
import { shapeNote } from './shape-note.js';

/**
 * - `connecting`: no frame has come yet
 * - `live`: frames come
 * - `lost`: the source failed or fell silent; it is tried again after a while
 * - `ended`: a file or folder that does not loop has been played to its end; no frame comes any more
 */
export type CameraState = 'connecting' | 'live' | 'lost' | 'ended';

/** What a camera tells. Called between frames, so it must be quick. */
export interface CameraListener {
  onFrame(frame: Frame): void;
  /** A frame that came right after a connection: it may be broken or badly lit, and is not to be judged. */
  onUnsettled?(frame: Frame): void;
  /** `reason` says why a camera was lost: the first line in short, then the last lines of ffmpeg's log. */
  onState?(state: CameraState, reason?: string): void;
  /** A lost source is about to be tried again. */
  onReconnect?(): void;
  /** Something was passed over, say an unreadable picture of a folder; damaged frames are told once a minute. */
  onWarning?(message: string): void;
  /** Frames are damaged, from here to a key frame. */
  onDamage?(reason: DamageReason): void;
  /** A frame came that is not handed on, because it may be damaged. */
  onDamagedFrame?(): void;
  /** A recorded video has come to its end, and was not whole; `what` says why. */
  onDamagedVideo?(what: string): void;
}

export interface CameraOptions {
  readonly ffmpeg: Ffmpeg;
  /** Height and width of the frames in pixels: the model's input. */
  readonly size: readonly [number, number];
  /** See `Framing`. */
  readonly aspect?: number;
  /** What 16-bit pictures of a folder mean to the model. */
  readonly sampleBits?: KnownBits;
  readonly listener: CameraListener;
  /** Milliseconds to wait before each attempt in a row; the last one repeats. */
  readonly backoff?: readonly number[];
  /** Milliseconds from SIGTERM to SIGKILL. */
  readonly killGrace?: number;
}

/** Keeps one source playing: connects, hands on its frames, and connects again whenever it is lost. */
export class Camera {
  readonly name: string;
  readonly #settings: CameraSettings;
  readonly #options: CameraOptions;
  readonly #redact: (text: string) => string;
  readonly #readers = new Readers();
  #state: CameraState = 'connecting';
  #sequence = 0;
  #shapeChecked = false;
  readonly #warnings: DamageWarnings;
  #stopping = new AbortController();
  #running: Promise<void> | undefined;

  constructor(settings: CameraSettings, options: CameraOptions) {
    this.name = settings.name;
    this.#settings = settings;
    this.#options = options;
    this.#redact = redactorFor(settings.source);
    this.#warnings = new DamageWarnings((message) => options.listener.onWarning?.(message));
  }

  get state(): CameraState {
    return this.#state;
  }

  /** Begins to connect; the listener hears of the rest. */
  start(): void {
    if (this.#running !== undefined) throw new Error(`camera ${this.name} is running already`);
    this.#stopping = new AbortController();
    this.#running = this.#run(this.#stopping.signal);
  }

  /** When it resolves, no process is left, and no frame comes any more. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    await this.#running;
    this.#running = undefined;
  }

  async #run(signal: AbortSignal): Promise<void> {
    const { listener, backoff = [1000, 5000, 10_000, 60_000] } = this.#options;
    let attempt = 0;
    let delay = 0;
    for (;;) {
      this.#become('connecting');
      const { liveFor, failure } = await this.#play(signal);
      if (signal.aborted) return;
      if (!failure && !isEndless(this.#settings.source)) return this.#become('ended');
      this.#become('lost', failure?.message ?? 'the source ended');
      // A source that holds no longer than the wait before it is not well again.
      if (liveFor > delay) attempt = 0;
      delay = backoff[Math.min(attempt++, backoff.length - 1)];
      await sleep(delay, undefined, { signal }).catch(() => {});
      if (signal.aborted) return;
      listener.onReconnect?.();
    }
  }

  /** Plays the source until it ends or fails. `liveFor`: milliseconds since its first frame. */
  async #play(signal: AbortSignal): Promise<{ liveFor: number; failure?: KdadError }> {
    const [height, width] = this.#options.size;
    const settle = isLive(this.#settings.source) ? (this.#settings.settle ?? defaultSettle) : 0;
    let liveSince: number | undefined;
    let failure: KdadError | undefined;
    try {
      for await (const pixels of this.#open(signal)) {
        if (signal.aborted) break;
        if (liveSince === undefined) {
          this.#become('live');
          this.#checkShape({ width, height, pixels });
        }
        liveSince ??= performance.now();
        const frame = { camera: this.name, sequence: this.#sequence++, ...now(), width, height, pixels };
        const { listener } = this.#options;
        if (performance.now() - liveSince < settle) listener.onUnsettled?.(frame);
        else listener.onFrame(frame);
      }
    } catch (error) {
      failure = asFailure(error);
    }
    return { liveFor: liveSince === undefined ? 0 : performance.now() - liveSince, failure };
  }

  /** Told once: whether a camera comes back with pictures of another shape is for the next start. */
  #checkShape(frame: Picture): void {
    if (this.#shapeChecked) return;
    this.#shapeChecked = true;
    const note = shapeNote(frame, this.#options);
    if (note !== undefined) this.#options.listener.onWarning?.(note);
  }

  #open(signal: AbortSignal): AsyncGenerator<Uint8Array, void> {
    const { source, fps, stallTimeout, firstFrameTimeout, rotate, crop, hardware } = this.#settings;
    const view = { rotate, crop };
    const { ffmpeg, size, aspect, sampleBits, listener, killGrace } = this.#options;
    if (source.kind === 'folder') {
      const onWarning = listener.onWarning?.bind(listener);
      return playFolder(source, { size, aspect, fps: fps ?? defaultFolderFps, view, sampleBits, signal, onWarning });
    }
    const patience = {
      firstFrame: firstFrameTimeout ?? defaultFirstFrameTimeout,
      // The source may be on time, and the next frame that is wanted far.
      nextFrame: (stallTimeout ?? defaultStallTimeout) + (fps === undefined ? 0 : 1000 / fps),
    };
    const damage = this.#damageListener();
    return readFrames(
      source,
      { ffmpeg, size, aspect, fps, view, hardware, signal, patience, damage, killGrace },
      this.#readers,
    );
  }

  #damageListener(): DamageListener {
    const { listener } = this.#options;
    const report = new DamageReport();
    return {
      onDamage: (reason, detail) => {
        listener.onDamage?.(reason);
        this.#warnings.damage(reason, this.#redact(detail));
        report.add(detail);
      },
      onDamagedFrame: () => {
        listener.onDamagedFrame?.();
        this.#warnings.frame();
        report.leaveOut();
      },
      onEnd: (length) => {
        if (this.#settings.source.kind !== 'file') return;
        const what = report.text(length);
        if (what !== undefined) listener.onDamagedVideo?.(what);
      },
    };
  }

  #become(state: CameraState, reason?: string): void {
    this.#state = state;
    this.#options.listener.onState?.(state, reason === undefined ? undefined : this.#redact(reason));
  }
}

/** Whatever a source throws is the camera's loss, and nobody else's. */
function asFailure(error: unknown): KdadError {
  if (error instanceof KdadError) return error;
  return new KdadError('CAMERA_FAILED', `unexpected: ${error instanceof Error ? error.message : error}`, {
    cause: error,
  });
}
