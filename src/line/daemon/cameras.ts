import { throwIfInterrupted } from '../../common/abort.js';
import type { Framing } from '../../method/images/preprocessing.js';
import { Camera, type CameraListener } from '../camera/camera.js';
import type { Ffmpeg } from '../camera/ffmpeg/ffmpeg.js';
import type { CameraSettings } from '../camera/settings.js';
import { takesReconnection } from '../config/changes.js';
import type { CameraConfig } from '../config/schema.js';
import { TriggerGate } from '../inspection/trigger.js';
import type { Logger } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';
import { chooseDecoders } from './decoders.js';

export interface CamerasOptions {
  readonly ffmpeg: Ffmpeg;
  /** How a camera's pictures become the input of its model. */
  framingOf(settings: CameraConfig): Framing;
  readonly metrics: Metrics;
  readonly log: Logger;
  listener(settings: CameraConfig): CameraListener;
  /** The camera is about to be connected. */
  onStart(camera: string): void;
  /**
   * No frame comes any more: the camera is gone from the configuration, or will be connected anew with other settings.
   */
  onStopped(camera: string, gone: boolean, signal: AbortSignal): Promise<void>;
}

interface Watched {
  readonly settings: CameraConfig;
  readonly camera: Camera;
  readonly gate: TriggerGate;
}

/** The cameras that are watched, each with what the inspection asks of its settings. They can change one by one. */
export class Cameras {
  readonly #first: readonly CameraConfig[];
  readonly #options: CamerasOptions;
  readonly #watched = new Map<string, Watched>();
  #stopped = false;

  constructor(settings: readonly CameraConfig[], options: CamerasOptions) {
    this.#first = settings;
    this.#options = options;
  }

  /** Begins to connect to all of them. @throws KdadError INTERRUPTED */
  start(signal: AbortSignal): Promise<void> {
    this.#stopped = false;
    return this.change(this.#first, signal);
  }

  /** All at once: each may have to wait for its ffmpeg. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all([...this.#watched.values()].map(({ camera }) => camera.stop()));
  }

  /**
   * Watches these from now on. A camera is connected anew only where its settings take that; the others never notice.
   * @throws KdadError INTERRUPTED by the signal: call `stop` then
   */
  async change(wanted: readonly CameraConfig[], signal: AbortSignal): Promise<void> {
    const stay = wanted.filter((settings) => {
      const before = this.#watched.get(settings.name);
      return before && !takesReconnection(before.settings, settings);
    });
    for (const settings of stay) this.#adjust(settings);
    const staying = new Set(stay.map(({ name }) => name));
    const names = new Set(wanted.map(({ name }) => name));
    const leaving = [...this.#watched.keys()].filter((name) => !staying.has(name));
    await Promise.all(leaving.map((name) => this.#stop(name, !names.has(name), signal)));
    const coming = wanted.filter(({ name }) => !staying.has(name));
    const { ffmpeg, metrics, log } = this.#options;
    const decoders = await chooseDecoders(coming, { ffmpeg, metrics, log, signal });
    throwIfInterrupted(signal);
    if (this.#stopped) return;
    for (const settings of coming) this.#start(settings, decoders.get(settings.name));
  }

  get names(): string[] {
    return [...this.#watched.keys()];
  }

  /** Those that send frames now. */
  get live(): string[] {
    return this.names.filter((name) => this.#watched.get(name)?.camera.state === 'live');
  }

  /** Undefined for a camera that is not watched. */
  settingsOf(camera: string): CameraConfig | undefined {
    return this.#watched.get(camera)?.settings;
  }

  gateOf(camera: string): TriggerGate | undefined {
    return this.#watched.get(camera)?.gate;
  }

  #start(settings: CameraConfig, hardware: CameraSettings['hardware']): void {
    const { ffmpeg, framingOf, listener, onStart } = this.#options;
    const { name } = settings;
    const { size, aspect, sampleBits } = framingOf(settings);
    const dependencies = { ffmpeg, size, aspect, sampleBits, listener: listener(settings) };
    const camera = new Camera({ ...settings, hardware }, dependencies);
    this.#watched.set(name, { settings, camera, gate: new TriggerGate(settings.trigger) });
    onStart(name);
    camera.start();
  }

  async #stop(name: string, gone: boolean, signal: AbortSignal): Promise<void> {
    await this.#watched.get(name)?.camera.stop();
    await this.#options.onStopped(name, gone, signal);
    this.#watched.delete(name);
  }

  #adjust(settings: CameraConfig): void {
    const watched = this.#watched.get(settings.name) as Watched;
    this.#watched.set(settings.name, { ...watched, settings });
  }
}
