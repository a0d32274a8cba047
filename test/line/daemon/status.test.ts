import { describe, expect, it } from 'vitest';
import { version } from '../../../src/common/version.js';
import { StatusBoard } from '../../../src/line/daemon/status.js';
import type { AlertEvent } from '../../../src/line/inspection/alerts.js';
import type { Bundle } from '../../../src/method/bundle/read.js';
import { judged } from '../../fixtures/frames.js';
import { manifest } from '../../fixtures/manifest.js';

const bundle = { name: 'washer', version: '7', precision: 'int8', threshold: 0.5, manifest } as Bundle;
const moment = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

function board(changes: { ready?: boolean; connected?: boolean } = {}): StatusBoard {
  const { ready = true, connected } = changes;
  return new StatusBoard({
    cameras: ['line', 'gate'],
    activeModels: { all: [{ bundle, ready }] },
    bundleOf: () => bundle,
    thresholdOf: (camera) => (camera === 'line' ? 0.55 : 0.5),
    reviewFrom: (camera) => (camera === 'line' ? 0.8 : undefined),
    falseAlarmsOf: (camera) => (camera === 'line' ? { wanted: 0.005, images: 40, least: 1 / 41 } : undefined),
    messaging: connected === undefined ? undefined : { client: { connected }, outbox: { depth: 3 } },
  });
}

describe('the status', () => {
  it('names version, model and broker', () => {
    expect(board({ connected: true }).status()).toMatchObject({
      version,
      uptimeSeconds: expect.any(Number),
      models: [{ name: 'washer', version: '7', precision: 'int8', threshold: 0.5 }],
      mqtt: { connected: true, outboxDepth: 3 },
    });
    expect(board().status().mqtt).toBeUndefined();
  });

  it('has every camera from the start, in the order of the configuration', () => {
    const nothing = { since: expect.stringMatching(moment), framesJudged: 0, lastRatio: null, openAlert: null };
    expect(board().status().cameras).toEqual([
      {
        name: 'line',
        model: 'washer',
        threshold: 0.55,
        falseAlarms: { wanted: 0.005, least: 1 / 41, images: 40 },
        reviewThreshold: 0.8 * 0.55,
        state: 'connecting',
        ...nothing,
      },
      { name: 'gate', model: 'washer', threshold: 0.5, state: 'connecting', ...nothing },
    ]);
  });

  it('has cameras come and go, and keeps what it knows of one that is connected anew', () => {
    const seen = board();
    seen.verdict(judged(0, 0.5).verdict);
    seen.removeCamera('gate');
    for (const name of ['line', 'belt']) seen.addCamera(name);
    const { cameras } = seen.status();
    expect(cameras.map(({ name, framesJudged }) => [name, framesJudged])).toEqual([
      ['line', 1],
      ['belt', 0],
    ]);
  });

  it('tells how the scores of a camera lie, until that is not known any more', () => {
    const seen = board();
    const scene = { deviations: 4.2, changed: true };
    seen.drift('line', { shift: 0.98, highRatio: 0.7, scene, warnings: ['scene'] });
    expect(seen.status().cameras[0].drift).toEqual({
      shift: 0.98,
      highRatio: 0.7,
      deviations: 4.2,
      sceneChanged: true,
    });
    seen.drift('line', undefined);
    expect(seen.status().cameras[0].drift).toBeUndefined();
  });

  it('follows a camera, its frames and its alert', () => {
    const seen = board();
    const line = () => seen.status().cameras[0];
    seen.cameraState('line', 'lost', 'the server went away\nffmpeg: with many\nwords');
    expect(line()).toMatchObject({ state: 'lost', reason: 'the server went away' });
    seen.cameraState('line', 'live');
    expect(line()).toMatchObject({ state: 'live', reason: undefined });

    const peak = judged(1, 2.5);
    for (const { verdict } of [judged(0, 0.5), peak]) seen.verdict(verdict);
    const event: AlertEvent = { kind: 'opened', id: 'a', camera: 'line', time: 100, openedAt: 100, duration: 0, peak };
    seen.alert(event);
    expect(line()).toMatchObject({
      framesJudged: 2,
      lastRatio: 2.5,
      openAlert: { id: 'a', openedAt: '1970-01-01T00:00:00.100Z', peakRatio: 2.5 },
    });
    seen.alert({ ...event, kind: 'closed', reason: 'released' });
    expect(line().openAlert).toBeNull();
    expect(seen.status().cameras[1]).toMatchObject({ state: 'connecting', framesJudged: 0 });
  });
});

describe('readiness', () => {
  it('needs a model that is loaded', () => {
    const loading = board({ ready: false });
    loading.cameraState('line', 'live');
    expect(loading.readiness()).toEqual({ ready: false, checks: { model: false, camera: true } });
  });

  it.each([
    ['connecting', false],
    ['live', true],
    ['lost', false],
    ['ended', true],
  ] as const)('of a daemon whose cameras are at best %s is %s', (state, ready) => {
    const watching = board();
    watching.cameraState('line', 'lost');
    watching.cameraState('gate', state);
    expect(watching.readiness()).toEqual({ ready, checks: { model: true, camera: ready } });
  });

  it.each([true, false])('needs the broker where one is configured: %s', (connected) => {
    const watching = board({ connected });
    watching.cameraState('line', 'live');
    expect(watching.readiness()).toEqual({
      ready: connected,
      checks: { model: true, camera: true, broker: connected },
    });
  });
});
