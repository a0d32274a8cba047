import { mkdir, readFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import { z } from 'zod';
import { bootNow } from '../../common/clock.js';
import { KdadError } from '../../common/errors.js';
import { replaceFile } from '../../common/files.js';
import { type RelativeThreshold, relativeThreshold } from '../config/threshold.js';
import { setAside } from '../state/set-aside.js';

/** Calibrations on the line that can be undone one after the other. */
const MOST_CALIBRATIONS = 8;

const cameraOverrides = z.strictObject({
  threshold: relativeThreshold.optional(),
  /**
   * Thresholds that were calibrated on the line since, each for the detector whose scores it comes from; the last one
   * holds.
   */
  calibrations: z.array(relativeThreshold.extend({ detector: z.string() })).optional(),
  /**
   * Without `until` it lasts until somebody ends it. `left`: milliseconds from when it was written; no clock makes it
   * last longer.
   */
  mute: z.strictObject({ until: z.iso.datetime().optional(), left: z.number().optional() }).optional(),
});

/** Earlier versions kept a score, for one version of a model. */
const score = z.strictObject({ value: z.number(), model: z.string(), modelVersion: z.string() });

const schema = z.record(z.string(), cameraOverrides.extend({ threshold: relativeThreshold.or(score).optional() }));

type CameraOverrides = z.infer<typeof cameraOverrides>;

/** What holds for a camera by command. */
export interface Commanded {
  readonly threshold?: RelativeThreshold;
  /** Calibrated on the line; it holds instead of any other threshold. */
  readonly calibrated?: RelativeThreshold;
  readonly muted: boolean;
  /** ISO 8601, where the mute ends by itself. */
  readonly until?: string;
}

/**
 * What was commanded for cameras at run time, instead of their configuration: thresholds and mutes. They outlast a
 * restart: each is on disk, in one file of JSON, before it holds.
 */
export class Overrides {
  readonly #file: string;
  readonly #onFailure: (reason: string) => void;
  readonly #boot: () => number;
  readonly #obeys: boolean;
  #cameras: Readonly<Record<string, CameraOverrides>> = {};
  /** When mutes end, in time since boot: a clock that is set changes nothing about that, nor does sleep. */
  readonly #muteEnds = new Map<string, number>();
  /**
   * The same by the clock, of those that an earlier run left: how long the box was off since, only the clock can say.
   */
  readonly #muteEndsByClock = new Map<string, number>();
  #turn: Promise<unknown> = Promise.resolve();

  /**
   * @param onFailure is told why the file, or a part of it, does not hold
   * @param boot milliseconds since the box was switched on
   * @param obeys whether what commands over MQTT have set holds; a calibration does in any case
   */
  constructor(file: string, onFailure: (reason: string) => void, boot = bootNow, obeys = true) {
    this.#file = file;
    this.#onFailure = onFailure;
    this.#boot = boot;
    this.#obeys = obeys;
  }

  /** Reads what an earlier run left. */
  async start(): Promise<void> {
    try {
      const kept = schema.parse(JSON.parse(await readFile(this.#file, 'utf8')));
      this.#cameras = Object.fromEntries(
        Object.entries(kept).map(([camera, one]) => [camera, this.#today(camera, one)]),
      );
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return;
      const reason = error instanceof z.ZodError ? z.prettifyError(error) : (error as Error).message;
      // Kept for whoever wants to see what was in it; the next command writes another one.
      const place = await setAside(this.#file).catch(() => undefined);
      this.#onFailure(`${this.#file}: ${reason.replace(/\s+/g, ' ')}${place ? `; it is now ${place}` : ''}`);
    }
    for (const [camera, { mute }] of Object.entries(this.#cameras)) {
      if (!mute) continue;
      this.#muteEnds.set(camera, this.#boot() + (mute.left ?? Number.POSITIVE_INFINITY));
      if (mute.until) this.#muteEndsByClock.set(camera, Date.parse(mute.until));
    }
  }

  /** Waits for what is being written, and writes how long mutes last from now on. */
  async stop(): Promise<void> {
    await this.#turn.catch(() => {});
    const ending = Object.keys(this.#cameras).filter((camera) => Number.isFinite(this.#muteEnds.get(camera)));
    if (ending.some((camera) => this.isMuted(camera))) await this.#change({}).catch(() => {});
  }

  /** The threshold that was set for this camera; undefined where none was. */
  thresholdOf(camera: string): RelativeThreshold | undefined {
    return this.#obeys ? this.#cameras[camera]?.threshold : undefined;
  }

  /**
   * The threshold that was calibrated last on the line with this detector, and since the last command; it comes before
   * any other.
   */
  calibratedOf(camera: string, detector: string): RelativeThreshold | undefined {
    const last = this.#cameras[camera]?.calibrations?.findLast((one) => one.detector === detector);
    return last && { factor: last.factor };
  }

  /** Whether there were calibrations on the line, but none with this detector. */
  hasLapsed(camera: string, detector: string): boolean {
    const calibrations = this.#cameras[camera]?.calibrations ?? [];
    return calibrations.length > 0 && !this.calibratedOf(camera, detector);
  }

  isMuted(camera: string): boolean {
    if (!this.#obeys) return false;
    const byClock = this.#muteEndsByClock.get(camera) ?? Number.POSITIVE_INFINITY;
    return (this.#muteEnds.get(camera) ?? 0) > this.#boot() && byClock > Date.now();
  }

  /** What holds for a camera: whether it is muted, and the time until which, where there is one. */
  muteOf(camera: string): { readonly muted: boolean; readonly until?: string } {
    if (!this.isMuted(camera)) return { muted: false };
    const { until } = this.#cameras[camera]?.mute ?? {};
    return { muted: true, ...(until !== undefined && { until }) };
  }

  /** All of it; undefined where nothing holds. @param detector that judges the camera now */
  of(camera: string, detector: string): Commanded | undefined {
    const threshold = this.thresholdOf(camera);
    const calibrated = this.calibratedOf(camera, detector);
    const mute = this.muteOf(camera);
    return threshold || calibrated || mute.muted ? { threshold, calibrated, ...mute } : undefined;
  }

  /** Calibrations on the line hold no more. @param threshold undefined takes it back */
  setThreshold(camera: string, threshold: RelativeThreshold | undefined): Promise<void> {
    return this.#change({ [camera]: { threshold, calibrations: undefined } });
  }

  calibrate(camera: string, factor: number, detector: string): Promise<void> {
    const before = this.#cameras[camera]?.calibrations ?? [];
    return this.#change({ [camera]: { calibrations: [...before, { factor, detector }].slice(-MOST_CALIBRATIONS) } });
  }

  /** Takes back the last calibration with this detector. @returns whether there was one */
  async undoCalibration(camera: string, detector: string): Promise<boolean> {
    const before = this.#cameras[camera]?.calibrations ?? [];
    const last = before.findLastIndex((one) => one.detector === detector);
    if (last === -1) return false;
    await this.#change({ [camera]: { calibrations: before.toSpliced(last, 1) } });
    return true;
  }

  /** @param duration milliseconds; until `unmute` when absent */
  async mute(camera: string, duration = Number.POSITIVE_INFINITY): Promise<void> {
    const until = Number.isFinite(duration) ? new Date(Date.now() + duration).toISOString() : undefined;
    const end = this.#boot() + duration;
    await this.#change({ [camera]: { mute: { until, left: until === undefined ? undefined : duration } } });
    this.#muteEnds.set(camera, end);
    this.#muteEndsByClock.delete(camera);
  }

  async unmute(camera: string): Promise<void> {
    await this.#change({ [camera]: { mute: undefined } });
    this.#muteEnds.delete(camera);
    this.#muteEndsByClock.delete(camera);
  }

  /** A score has no meaning any more: it must not hold in silence as something else. */
  #today(camera: string, { threshold, ...rest }: z.infer<typeof schema>[string]): CameraOverrides {
    if (!threshold || 'factor' in threshold) return { threshold, ...rest };
    const { value, model, modelVersion } = threshold;
    const what = `a threshold of ${value}, a score of ${model} ${modelVersion}, does not hold for camera ${camera} any more`;
    this.#onFailure(`${this.#file}: ${what}: set it anew, as a factor`);
    return rest;
  }

  /** What holds for a camera, with what is left of its mute now. */
  #leftOf(camera: string): CameraOverrides {
    const kept = this.#cameras[camera] ?? {};
    const end = this.#muteEnds.get(camera) ?? Number.POSITIVE_INFINITY;
    if (!kept.mute || !Number.isFinite(end)) return kept;
    return { ...kept, mute: { ...kept.mute, left: Math.max(0, end - this.#boot()) } };
  }

  /** @throws KdadError STATE_UNUSABLE when it cannot be written; nothing has changed then */
  #change(changes: Readonly<Record<string, CameraOverrides>>): Promise<void> {
    const changed = this.#turn
      .catch(() => {})
      .then(async () => {
        const cameras = Object.fromEntries(
          [...new Set([...Object.keys(this.#cameras), ...Object.keys(changes)])].map((camera) => [
            camera,
            { ...this.#leftOf(camera), ...changes[camera] },
          ]),
        );
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
