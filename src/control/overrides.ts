import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { steadyNow } from '../clock.js';
import { KdadError } from '../errors.js';
import { replaceFile } from '../files.js';

const cameraOverrides = z.strictObject({
  threshold: z.strictObject({ value: z.number().positive(), model: z.string(), modelVersion: z.string() }).optional(),
  /** Without `until` it lasts until somebody ends it. */
  mute: z.strictObject({ until: z.iso.datetime().optional() }).optional(),
});

const schema = z.record(z.string(), cameraOverrides);

type CameraOverrides = z.infer<typeof cameraOverrides>;

/** What holds for a camera by command. */
export interface Commanded {
  readonly threshold?: number;
  readonly muted: boolean;
  /** ISO 8601, where the mute ends by itself. */
  readonly until?: string;
}

/** Which model a threshold was set for: scores of another one mean something else. */
interface Model {
  readonly name: string;
  readonly version: string;
}

/**
 * What was commanded for cameras at run time, instead of their configuration: thresholds and mutes. They outlast a restart: each is on disk,
 * in one file of JSON, before it holds.
 */
export class Overrides {
  readonly #file: string;
  readonly #onFailure: (reason: string) => void;
  #cameras: Readonly<Record<string, CameraOverrides>> = {};
  /** When mutes end, in steady time. */
  readonly #muteEnds = new Map<string, number>();
  #turn: Promise<unknown> = Promise.resolve();

  /** @param onFailure is told why the file cannot be read; nothing is overridden then */
  constructor(file: string, onFailure: (reason: string) => void) {
    this.#file = file;
    this.#onFailure = onFailure;
  }

  /** Reads what an earlier run left. */
  async start(): Promise<void> {
    try {
      this.#cameras = schema.parse(JSON.parse(await readFile(this.#file, 'utf8')));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
      this.#onFailure(`${this.#file}: ${reason.replace(/\s+/g, ' ')}`);
    }
    for (const [camera, { mute }] of Object.entries(this.#cameras)) {
      if (mute) this.#muteEnds.set(camera, mute.until ? steadyNow() + Date.parse(mute.until) - Date.now() : Infinity);
    }
  }

  /** Waits for what is being written. */
  async stop(): Promise<void> {
    await this.#turn.catch(() => {});
  }

  /** The threshold that was set for this camera and model; undefined where none was. */
  thresholdOf(camera: string, model: Model): number | undefined {
    const { threshold } = this.#cameras[camera] ?? {};
    return threshold?.model === model.name && threshold.modelVersion === model.version ? threshold.value : undefined;
  }

  isMuted(camera: string): boolean {
    return (this.#muteEnds.get(camera) ?? 0) > steadyNow();
  }

  /** What holds for a camera: whether it is muted, and the time until which, where there is one. */
  muteOf(camera: string): { readonly muted: boolean; readonly until?: string } {
    return this.isMuted(camera) ? { muted: true, ...this.#cameras[camera]?.mute } : { muted: false };
  }

  /** Both of it; undefined where neither holds. */
  of(camera: string, model: Model): Commanded | undefined {
    const threshold = this.thresholdOf(camera, model);
    const mute = this.muteOf(camera);
    return threshold === undefined && !mute.muted ? undefined : { threshold, ...mute };
  }

  /** @param value undefined takes it back */
  async setThreshold(camera: string, value: number | undefined, model: Model): Promise<void> {
    const threshold = value === undefined ? undefined : { value, model: model.name, modelVersion: model.version };
    await this.#change(camera, { threshold });
  }

  /** @param duration milliseconds; until `unmute` when absent */
  async mute(camera: string, duration = Number.POSITIVE_INFINITY): Promise<void> {
    const until = Number.isFinite(duration) ? new Date(Date.now() + duration).toISOString() : undefined;
    const end = steadyNow() + duration;
    await this.#change(camera, { mute: { until } });
    this.#muteEnds.set(camera, end);
  }

  async unmute(camera: string): Promise<void> {
    await this.#change(camera, { mute: undefined });
    this.#muteEnds.delete(camera);
  }

  /** @throws KdadError STATE_UNUSABLE when it cannot be written; nothing has changed then */
  #change(camera: string, change: CameraOverrides): Promise<void> {
    const changed = this.#turn
      .catch(() => {})
      .then(async () => {
        const cameras = { ...this.#cameras, [camera]: { ...this.#cameras[camera], ...change } };
        try {
          await mkdir(dirname(this.#file), { recursive: true });
          await replaceFile(this.#file, `${JSON.stringify(cameras, null, 2)}\n`);
        } catch (error) {
          throw new KdadError('STATE_UNUSABLE', `${this.#file}: ${(error as Error).message}`, { cause: error });
        }
        this.#cameras = cameras;
      });
    this.#turn = changed;
    return changed;
  }
}
