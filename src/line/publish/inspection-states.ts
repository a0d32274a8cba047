import type { AlertEvent } from '../inspection/alerts.js';
import type { Verdict } from '../inspection/verdict.js';
import type { BrokerClient } from './broker-client.js';
import { type InspectionState, inspectionPayload, type Topics } from './topics.js';

/** Milliseconds between two messages about one camera that tell only of another ratio. */
const REST = 5000;

interface Watched {
  state: InspectionState;
  /** Runs while the camera has told its ratio lately. */
  rest?: NodeJS.Timeout;
  /** There is another ratio since. */
  changed: boolean;
}

/**
 * Keeps retained what holds for each camera: whether an alert is open, at once, and the last ratio, every few seconds.
 */
export class InspectionStates {
  readonly #client: Pick<BrokerClient, 'retain'>;
  readonly #topics: Topics;
  readonly #rest: number;
  readonly #cameras = new Map<string, Watched>();

  constructor(client: Pick<BrokerClient, 'retain'>, topics: Topics, rest = REST) {
    this.#client = client;
    this.#topics = topics;
    this.#rest = rest;
  }

  /** The camera begins anew: whatever an earlier run left at the broker holds no more. */
  add(camera: string): void {
    clearTimeout(this.#cameras.get(camera)?.rest);
    const watched = { state: { alert: 'closed', ratio: null, verdict: null, time: null }, changed: false } as const;
    this.#cameras.set(camera, { ...watched });
    this.#tell(camera, watched);
  }

  /** The broker forgets it. */
  forget(camera: string): void {
    clearTimeout(this.#cameras.get(camera)?.rest);
    this.#cameras.delete(camera);
    this.#client.retain(this.#topics.inspection(camera), '');
  }

  verdict({ camera, ratio, verdict, time }: Verdict): void {
    const watched = this.#cameras.get(camera);
    if (!watched) return;
    watched.state = { ...watched.state, ratio, verdict, time };
    watched.changed = true;
    if (!watched.rest) this.#tellRatio(camera, watched);
  }

  alert({ camera, kind, id, openedAt }: AlertEvent): void {
    const watched = this.#cameras.get(camera);
    if (!watched || kind === 'updated') return;
    const { ratio, verdict, time } = watched.state;
    const last = { ratio, verdict, time };
    watched.state = kind === 'opened' ? { alert: 'open', id, openedAt, ...last } : { alert: 'closed', ...last };
    this.#tell(camera, watched);
  }

  /** Tells what has not been told yet. */
  stop(): void {
    for (const [camera, watched] of this.#cameras) {
      clearTimeout(watched.rest);
      watched.rest = undefined;
      if (watched.changed) this.#tell(camera, watched);
    }
  }

  #tellRatio(camera: string, watched: Watched): void {
    this.#tell(camera, watched);
    watched.rest = setTimeout(() => {
      watched.rest = undefined;
      if (watched.changed) this.#tellRatio(camera, watched);
    }, this.#rest);
  }

  #tell(camera: string, watched: Watched): void {
    watched.changed = false;
    this.#client.retain(this.#topics.inspection(camera), inspectionPayload(watched.state));
  }
}
