import { once } from 'node:events';
import { appendFile, cp, mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { activate, readStore } from '../../../src/method/bundle/store.js';
import { type Broker, hasMosquitto, mosquittoBroker } from '../../fixtures/brokers.js';
import { makeVideo, type RunningDaemon, startDaemon, total, until } from '../../fixtures/daemon.js';
import { type Requester, requester } from '../../fixtures/requester.js';
import { setThreshold } from '../../fixtures/set-threshold.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

/** The threshold of version 2. */
const HIGHER = 4;

let folder: string;
let store: string;
let broker: Broker;
let requests: Requester;

beforeAll(async () => {
  if (!hasMosquitto) return;
  const { bundle } = await tinyBundle();
  folder = join(inject('shared'), 'commands');
  store = join(folder, 'models/blots');
  for (const version of ['1', '2', 'torn']) await cp(bundle, join(store, version), { recursive: true });
  await setThreshold(join(store, '2'), HIGHER);
  await appendFile(join(store, 'torn/calibration.json'), ' ');
  await activate(store, '1');
  await mkdir(folder, { recursive: true });
  await makeVideo(join(folder, 'part.avi'), { good: 5, bad: 20 });
  broker = await mosquittoBroker();
  await broker.start();
  requests = await requester(broker.port);
});
afterAll(async () => {
  await requests?.close();
  await broker?.stop();
});

/** A daemon that is ready for commands. */
async function commanded(name: string, { cameras = '', trigger = 'continuous' } = {}): Promise<RunningDaemon> {
  const yaml = `
model: ${store}
cameras:
  - { name: line, trigger: ${trigger}, source: { kind: file, path: ../part.avi, loop: true } }
${cameras}
alert: { cooldown: 0s, goodFrames: 2 }
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: ${name}, commands: true }
http: { port: 0 }
`;
  const daemon = await startDaemon(name, yaml, { folder, brokerPort: broker.port });
  await until(() => /"msg":"MQTT broker reached"/.test(daemon.log()) && /"camera live"/.test(daemon.log()), daemon.log);
  await sleep(300);
  return daemon;
}

async function stop(daemon: RunningDaemon, signal: NodeJS.Signals = 'SIGTERM'): Promise<void> {
  daemon.process.kill(signal);
  await once(daemon.process, 'exit');
  await daemon.close();
}

const alerts = (daemon: RunningDaemon) =>
  daemon.on('cameras/line/alert').map(({ payload }) => JSON.parse(payload.toString()));
const commands = (metrics: ReadonlyMap<string, number>, command: string, outcome: string) =>
  metrics.get(`kdad_commands_total{command="${command}",outcome="${outcome}"}`);

describe.skipIf(!hasMosquitto)('a daemon that obeys commands', () => {
  it('judges the next frame of a camera when asked, and else none of a camera that waits for it', async () => {
    const dark = '  - { name: dark, source: { kind: mjpeg, url: "http://127.0.0.1:1/" } }';
    const daemon = await commanded('asked', { cameras: dark, trigger: 'command' });
    await until(async () => total(await daemon.metrics(), 'kdad_frames_received_total') > 5, daemon.log);
    expect(total(await daemon.metrics(), 'kdad_frames_judged_total')).toBe(0);
    expect(await requests.request('asked/cameras/line/command/trigger', { requestId: 'first' })).toMatchObject({
      command: 'trigger',
      camera: 'line',
      requestId: 'first',
      ok: true,
      result: {
        camera: 'line',
        model: 'blots',
        modelVersion: '1',
        ratio: expect.any(Number),
        anomalous: expect.any(Boolean),
      },
    });
    expect(await requests.request('asked/cameras/dark/command/trigger', { timeout: '300ms' })).toMatchObject({
      ok: false,
      error: { code: 'COMMAND_FAILED', message: expect.stringContaining('dark: no frame was judged in time') },
    });
    const metrics = await daemon.metrics();
    expect(total(metrics, 'kdad_frames_judged_total')).toBe(1);
    expect(commands(metrics, 'trigger', 'done')).toBe(1);
    expect(commands(metrics, 'trigger', 'failed')).toBe(1);
    await stop(daemon);
  });

  it('holds a threshold and a mute that were set, also after kill -9, until they are taken back', async () => {
    let daemon = await commanded('held');
    await until(() => alerts(daemon).some(({ event }) => event === 'opened'), daemon.log);
    const camera = 'held/cameras/line/command';
    expect(await requests.request(`${camera}/mute`, {})).toMatchObject({ ok: true, result: { muted: true } });
    await until(() => alerts(daemon).at(-1)?.event === 'closed', daemon.log);
    const told = alerts(daemon).length;
    const set = await requests.request(`${camera}/threshold`, { threshold: { factor: 8 } });
    const configured = Number(set.result.configured);
    expect(set).toMatchObject({ ok: true, result: { threshold: 8 * configured, factor: 8 } });
    expect(await requests.request(`${camera}/threshold`, { threshold: 0.8 })).toMatchObject({
      ok: false,
      error: { code: 'COMMAND_INVALID', message: expect.stringContaining('expected { factor: 1.1 }') },
    });
    await stop(daemon, 'SIGKILL');

    daemon = await commanded('held');
    const status = await requests.request('held/command/status', {});
    const commanded8 = { threshold: { factor: 8 }, muted: true };
    expect(status.result.cameras).toMatchObject([{ name: 'line', threshold: 8 * configured, commanded: commanded8 }]);
    expect(daemon.log()).toMatch(/"threshold":\{"factor":8\},.*commanded threshold applies/);
    expect(daemon.log()).toMatch(/muted by command/);
    const verdict = () => requests.request(`${camera}/trigger`, {});
    expect((await verdict()).result).toMatchObject({ threshold: 8 * configured, anomalous: false });
    expect(await requests.request('held/command/activate', { version: '2' })).toMatchObject({ ok: true });
    expect((await verdict()).result).toMatchObject({ modelVersion: '2', threshold: 8 * HIGHER, anomalous: false });
    expect(await requests.request('held/command/activate', { version: '1' })).toMatchObject({ ok: true });
    const reset = await requests.request(`${camera}/threshold`, { threshold: null });
    expect(reset.result.threshold).toBe(set.result.configured);
    const before = total(await daemon.metrics(), 'kdad_frames_judged_total{camera="line",verdict="anomalous"}');
    await until(
      async () =>
        total(await daemon.metrics(), 'kdad_frames_judged_total{camera="line",verdict="anomalous"}') > before + 10,
      daemon.log,
    );
    expect(alerts(daemon)).toEqual([]);
    expect(told).toBeGreaterThan(1);
    expect(await requests.request(`${camera}/unmute`, {})).toMatchObject({ ok: true, result: { muted: false } });
    await until(() => alerts(daemon).some(({ event }) => event === 'opened'), daemon.log);
    await stop(daemon);
  });

  it('activates a version of the store, and goes on with the old one when that fails', async () => {
    const daemon = await commanded('swapped');
    const modelThatJudges = async () =>
      (await requests.request('swapped/cameras/line/command/trigger', {})).result.modelVersion;
    expect(await requests.request('swapped/command/activate', { version: '2' })).toMatchObject({
      ok: true,
      result: { model: 'blots', modelVersion: '2', threshold: expect.any(Number) },
    });
    expect(await modelThatJudges()).toBe('2');
    expect(await readStore(store)).toMatchObject({ current: '2', previous: '1' });
    expect(await requests.request('swapped/command/activate', { version: 'torn' })).toMatchObject({
      ok: false,
      error: { code: 'BUNDLE_DAMAGED' },
    });
    for (const version of ['3', '..', '../blots/1', 'current']) {
      expect(await requests.request('swapped/command/activate', { version })).toMatchObject({
        ok: false,
        error: { code: 'COMMAND_INVALID', message: expect.stringContaining('there are 1, 2, torn') },
      });
    }
    const inTheWay = join(store, `.current-${daemon.process.pid}`);
    await mkdir(inTheWay);
    expect(await requests.request('swapped/command/activate', { version: '1' })).toMatchObject({
      ok: false,
      error: { code: 'COMMAND_FAILED', message: expect.stringContaining('cannot be written') },
    });
    await rm(inTheWay, { recursive: true });
    expect(await modelThatJudges()).toBe('2');
    expect((await readStore(store)).current).toBe('2');
    expect((await daemon.metrics()).get('kdad_model_swaps_total{result="done"}')).toBe(1);
    await activate(store, '1');
    await until(async () => (await modelThatJudges()) === '1', daemon.log);
    await stop(daemon);
  });

  it('obeys none unless it is told to', async () => {
    const daemon = await startDaemon(
      'deaf',
      `model: ${store}
cameras: [{ name: line, source: { kind: file, path: ../part.avi, loop: true } }]
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: deaf }
http: { port: 0 }
`,
      { folder, brokerPort: broker.port },
    );
    await until(() => daemon.on('cameras/line/state').length > 0, daemon.log);
    const reply = requests.request('deaf/cameras/line/command/mute', {}).then(() => 'obeyed');
    expect(await Promise.race([reply, sleep(2000, 'silent')])).toBe('silent');
    reply.catch(() => {});
    expect(await readdir(join(folder, 'deaf/state'))).not.toContain('overrides.json');
    await stop(daemon);
  });
});
