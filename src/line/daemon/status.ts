import { version } from '../../common/version.js';
import type { FalseAlarms } from '../../learning/calibration/false-alarms.js';
import type { Bundle } from '../../method/bundle/read.js';
import type { CameraState } from '../camera/camera.js';
import type { Commanded } from '../control/overrides.js';
import type { AlertEvent } from '../inspection/alerts.js';
import type { Drift } from '../inspection/drift.js';
import type { Verdict } from '../inspection/verdict.js';

/** How the daemon is, as `/api/v1/status` tells it; docs/operations.md has an example. Times are ISO 8601, in UTC. */
export interface Status {
  /** Of kdad-edge. */
  readonly version: string;
  readonly uptimeSeconds: number;
  /** The models that judge now. */
  readonly models: readonly (Pick<Bundle, 'name' | 'version' | 'precision' | 'threshold'> & {
    /** What its detector runs on; left out until it is loaded. */
    readonly device?: string;
    /** Of the processor, that it computes in; left out until it is loaded. */
    readonly threads?: number;
  })[];
  readonly cameras: readonly CameraStatus[];
  /** Left out where none is configured. */
  readonly mqtt?: { readonly connected: boolean; readonly outboxDepth: number };
}

export interface CameraStatus {
  readonly name: string;
  /** Name of the model that judges it. */
  readonly model: string;
  /** The score from which on its frames are anomalous. */
  readonly threshold: number;
  /**
   * The rate of false alarms that the threshold is for, as a part of 1, and the lowest one that the model's held-out
   * images can support; left out where none is asked for.
   */
  readonly falseAlarms?: FalseAlarms;
  /** The score from which on its frames are to be reviewed; left out where none are. */
  readonly reviewThreshold?: number;
  readonly state: CameraState;
  readonly since: string;
  /** One line, for a camera that is lost. */
  readonly reason?: string;
  readonly framesJudged: number;
  /** Score by threshold of the last frame judged; null before the first one. */
  readonly lastRatio: number | null;
  readonly openAlert: { readonly id: string; readonly openedAt: string; readonly peakRatio: number } | null;
  /**
   * How its good frames' scores lie to those of the held-out images, see metrics.md; left out while too few were
   * judged.
   */
  readonly drift?: Pick<Drift, 'shift' | 'highRatio'> & {
    readonly deviations?: number;
    readonly sceneChanged: boolean;
  };
  /** What was set by command and holds; left out where nothing was. */
  readonly commanded?: Commanded;
}

/** What has to be so before the daemon does its work. */
export interface Readiness {
  /** Every check holds. */
  readonly ready: boolean;
  readonly checks: {
    /** Every model is loaded and has passed its self-test. */
    readonly model: boolean;
    /** Frames come from a camera at least, or have come to their end. */
    readonly camera: boolean;
    /** The broker is reached; left out where none is configured. */
    readonly broker?: boolean;
  };
}

export interface StatusSources {
  /** Names, in the order of the configuration. */
  readonly cameras: readonly string[];
  readonly activeModels: {
    readonly all: readonly {
      readonly bundle: Bundle;
      readonly ready: boolean;
      readonly device?: string;
      readonly threads?: number;
    }[];
  };
  /** The bundle that judges a camera now. */
  bundleOf(camera: string): Bundle;
  /** The threshold that holds for a camera now. */
  thresholdOf(camera: string): number;
  /** Where it is for a rate of false alarms. */
  falseAlarmsOf?(camera: string): FalseAlarms | undefined;
  /** The part of it from which on frames are to be reviewed; undefined where none are. */
  reviewFrom?(camera: string): number | undefined;
  /**
   * How its good frames' scores lie to those of the held-out images, see metrics.md; left out while too few were
   * judged.
   */
  readonly drift?: Pick<Drift, 'shift' | 'highRatio'> & {
    readonly deviations?: number;
    readonly sceneChanged: boolean;
  };
  /** What was set by command for a camera. */
  commanded?(camera: string): Commanded | undefined;
  /** Where alerts go; undefined where no broker is configured. */
  readonly messaging?: {
    readonly client: { readonly connected: boolean };
    readonly outbox: { readonly depth: number };
  };
}

/** Remembers what the parts told last, so that whoever asks can be told how the daemon is. */
export class StatusBoard {
  readonly #sources: StatusSources;
  readonly #cameras = new Map<string, Omit<CameraStatus, 'model' | 'threshold' | 'falseAlarms' | 'reviewThreshold'>>();

  constructor(sources: StatusSources) {
    this.#sources = sources;
    for (const name of sources.cameras) this.addCamera(name);
  }

  /** One that is known already keeps what is known of it. */
  addCamera(name: string): void {
    if (this.#cameras.has(name)) return;
    const since = iso(Date.now());
    this.#cameras.set(name, { name, state: 'connecting', since, framesJudged: 0, lastRatio: null, openAlert: null });
  }

  removeCamera(name: string): void {
    this.#cameras.delete(name);
  }

  cameraState(camera: string, state: CameraState, reason?: string): void {
    this.#change(camera, { state, since: iso(Date.now()), reason: reason?.split('\n', 1)[0] });
  }

  verdict({ camera, ratio }: Verdict): void {
    const framesJudged = (this.#cameras.get(camera)?.framesJudged ?? 0) + 1;
    this.#change(camera, { framesJudged, lastRatio: ratio });
  }

  /** Undefined takes back what was told. */
  drift(camera: string, drift: Drift | undefined): void {
    this.#change(camera, { drift: drift && describeDrift(drift) });
  }

  alert({ camera, kind, id, openedAt, peak }: AlertEvent): void {
    const open = { id, openedAt: iso(openedAt), peakRatio: peak.verdict.ratio };
    this.#change(camera, { openAlert: kind === 'closed' ? null : open });
  }

  status(): Status {
    const { activeModels, bundleOf, thresholdOf, falseAlarmsOf, reviewFrom, messaging, commanded } = this.#sources;
    return {
      version,
      uptimeSeconds: Math.round(process.uptime()),
      models: activeModels.all.map(({ bundle, device, threads }) => {
        const { name, version: modelVersion, precision, threshold } = bundle;
        return { name, version: modelVersion, precision, threshold, device, threads };
      }),
      cameras: [...this.#cameras.values()].map(({ name, ...seen }) => {
        const threshold = thresholdOf(name);
        const review = reviewFrom?.(name);
        const judging = {
          model: bundleOf(name).name,
          threshold,
          falseAlarms: falseAlarmsOf?.(name),
          reviewThreshold: review && review * threshold,
        };
        return { name, ...judging, ...seen, commanded: commanded?.(name) };
      }),
      mqtt: messaging && { connected: messaging.client.connected, outboxDepth: messaging.outbox.depth },
    };
  }

  readiness(): Readiness {
    const { activeModels, messaging } = this.#sources;
    const states = [...this.#cameras.values()].map(({ state }) => state);
    const camera = states.some((state) => state === 'live' || state === 'ended');
    const checks = {
      model: activeModels.all.every(({ ready }) => ready),
      camera,
      ...(messaging && { broker: messaging.client.connected }),
    };
    return { ready: Object.values(checks).every(Boolean), checks };
  }

  #change(camera: string, news: Partial<CameraStatus>): void {
    const before = this.#cameras.get(camera);
    if (before) this.#cameras.set(camera, { ...before, ...news });
  }
}

function describeDrift({ shift, highRatio, scene }: Drift): CameraStatus['drift'] {
  return { shift, highRatio, deviations: scene?.deviations, sceneChanged: scene?.changed ?? false };
}

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();
