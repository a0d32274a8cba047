import type { CameraState } from '../camera/camera.js';
import type { AlertEvent } from '../inspection/alerts.js';
import type { Decision, Verdict } from '../inspection/verdict.js';

/** The MQTT topics below one prefix; docs/mqtt.md describes each with an example. */
export function topics(prefix: string) {
  const camera = (name: string, leaf: string) => `${prefix}/cameras/${name}/${leaf}`;
  return {
    availability: `${prefix}/availability`,
    state: (name: string) => camera(name, 'state'),
    inspection: (name: string) => camera(name, 'inspection'),
    alert: (name: string) => camera(name, 'alert'),
    heatmap: (name: string) => camera(name, 'heatmap'),
    verdict: (name: string) => camera(name, 'verdict'),
    command: (command: string) => `${prefix}/command/${command}`,
    cameraCommand: (name: string, command: string) => camera(name, `command/${command}`),
    reply: `${prefix}/reply`,
  };
}

/** What a topic of a command says. */
export function readCommandTopic(topic: string, prefix: string): { readonly name: string; readonly camera?: string } {
  const levels = topic.slice(prefix.length + 1).split('/');
  return levels.length === 2 ? { name: levels[1] } : { camera: levels[1], name: levels[3] };
}

export type Topics = ReturnType<typeof topics>;

/** Which model judged. */
export interface ModelName {
  readonly name: string;
  readonly version: string;
}

const iso = (milliseconds: number): string => new Date(milliseconds).toISOString();

/** JSON of `<prefix>/cameras/<name>/alert`. */
export function alertPayload(event: AlertEvent, model: ModelName): string {
  const { kind, reason, id, camera, time, openedAt, duration, peak } = event;
  const { score, threshold, ratio, verdict, scene } = peak.verdict;
  return JSON.stringify({
    event: kind,
    reason,
    id,
    camera,
    model: model.name,
    modelVersion: model.version,
    time: iso(time),
    openedAt: iso(openedAt),
    durationSeconds: kind === 'closed' ? duration / 1000 : undefined,
    score,
    threshold,
    ratio,
    verdict,
    scene,
    frame: { sequence: peak.verdict.sequence, time: iso(peak.verdict.time) },
  });
}

/**
 * JSON of the same topic for an alert that was open when the daemon was killed.
 * @param last JSON of what was told of it last
 * @param time when it was found, milliseconds since the epoch
 */
export function interruptedPayload(last: string, time: number): string {
  const { id, camera, model, modelVersion, openedAt, score, threshold, ratio, verdict, scene, frame } =
    JSON.parse(last);
  const durationSeconds = Math.max(0, time - Date.parse(openedAt)) / 1000;
  return JSON.stringify({
    event: 'closed',
    reason: 'interrupted',
    id,
    camera,
    model,
    modelVersion,
    time: iso(time),
    openedAt,
    durationSeconds,
    score,
    threshold,
    ratio,
    verdict,
    scene,
    frame,
    // It ended when nobody could tell.
    late: true,
  });
}

/**
 * JSON that is published on a camera's topics to find out whether the broker takes that; it says nothing of the camera.
 */
export function testPayload(time: number): string {
  return JSON.stringify({ event: 'test', time: iso(time) });
}

/** A verdict as payloads tell it. */
export function describeVerdict({ camera, time, ...verdict }: Verdict, model: ModelName): object {
  return { camera, model: model.name, modelVersion: model.version, time: iso(time), ...verdict };
}

/** JSON of `<prefix>/cameras/<name>/verdict`. */
export function verdictPayload(verdict: Verdict, model: ModelName): string {
  return JSON.stringify(describeVerdict(verdict, model));
}

/** JSON of `<prefix>/cameras/<name>/state`. */
export function statePayload(state: CameraState, since: number, reason: string | undefined): string {
  return JSON.stringify({ state, since: iso(since), reason });
}

/** What holds for a camera. Times in milliseconds since the epoch. */
export interface InspectionState {
  readonly alert: 'open' | 'closed';
  /** Of the alert that is open. */
  readonly id?: string;
  readonly openedAt?: number;
  /** Of the last frame judged; null before the first one. */
  readonly ratio: number | null;
  readonly verdict: Decision | null;
  readonly time: number | null;
}

/** JSON of `<prefix>/cameras/<name>/inspection`. */
export function inspectionPayload({ alert, id, openedAt, ratio, verdict, time }: InspectionState): string {
  return JSON.stringify({
    alert,
    id,
    openedAt: openedAt === undefined ? undefined : iso(openedAt),
    ratio,
    verdict,
    time: time === null ? null : iso(time),
  });
}
