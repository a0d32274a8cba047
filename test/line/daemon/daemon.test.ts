import { once } from 'node:events';
import { mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Status } from '../../../src/line/daemon/status.js';
import { aedesBroker, type Broker } from '../../fixtures/brokers.js';
import { alive, descendants, makeVideo, startDaemon, until } from '../../fixtures/daemon.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

let folder: string;
let broker: Broker;
const run = (name: string, yaml: string) => startDaemon(name, yaml, { folder, brokerPort: broker.port });

beforeAll(async () => {
  await tinyBundle();
  folder = join(inject('shared'), 'daemon');
  await mkdir(folder, { recursive: true });
  broker = await aedesBroker();
  await broker.start();
  await makeVideo(join(folder, 'part.avi'), { good: 12, bad: 12 });
});
afterAll(() => broker.stop());

const yaml = (bundle: string, name: string, more: string) => `
model: ${bundle}
cameras:
  - name: line
    source: { kind: file, path: ../part.avi, ${more} }
alert: { open: { k: 3, n: 5 }, goodFrames: 4, release: 1, cooldown: 0s }
inspection: { queue: 50 }
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: ${name}, version: "3.1.1" }
http: { port: 0 }
`;

describe('kdad-edge run', () => {
  it('raises one alert for the defective stretch of a video, with an overlay, and ends with the video', async () => {
    const { bundle } = await tinyBundle();
    const { process: daemon, on, log, close } = await run('once', yaml(bundle, 'once', 'realtime: true'));
    const [code] = await once(daemon, 'exit');
    expect(code, log()).toBe(0);
    await close();

    const events = on('cameras/line/alert').map(({ payload }) => JSON.parse(payload.toString()));
    expect(events.filter(({ event }) => event === 'opened')).toHaveLength(1);
    expect(events.filter(({ event }) => event === 'closed')).toHaveLength(1);
    const opened = events[0];
    expect(opened).toMatchObject({ event: 'opened', camera: 'line', model: 'bundle', id: expect.any(String) });
    expect(opened.ratio).toBeCloseTo(opened.score / opened.threshold, 6);
    expect(opened.ratio).toBeGreaterThan(1);
    expect(opened.frame.sequence).toBeGreaterThanOrEqual(12);
    expect(opened.frame.sequence).toBeLessThan(24);
    expect(new Set(events.map(({ id }) => id)).size).toBe(1);
    expect(events.at(-1)).toMatchObject({ event: 'closed', durationSeconds: expect.any(Number) });

    const evidence = join(folder, 'once/state/evidence/line');
    const [kept, ...others] = await readdir(evidence);
    expect(others).toEqual([]);
    expect((await readdir(join(evidence, kept))).sort()).toEqual(['alert.json', 'frame.png', 'overlay.jpg']);
    expect(JSON.parse(await readFile(join(evidence, kept, 'alert.json'), 'utf8'))).toEqual(events.at(-1));

    const [heatmap] = on('cameras/line/heatmap');
    expect(await sharp(heatmap.payload).metadata()).toMatchObject({ format: 'jpeg', width: 64, height: 64 });
    expect(on('availability').map(({ payload }) => payload.toString())).toEqual(['online', 'offline']);
    expect(on('cameras/line/state').map(({ payload }) => JSON.parse(payload.toString()).state)).toContain('ended');
  });

  it('closes the alert of a video that has ended, while another camera goes on', async () => {
    const { bundle } = await tinyBundle();
    const never = yaml(bundle, 'two', 'loop: false').replace('goodFrames: 4', 'goodFrames: 1000');
    const second = '  - { name: other, source: { kind: file, path: ../part.avi, loop: true } }\nalert:';
    const { process: daemon, on, log, close } = await run('two', never.replace('alert:', second));
    const events = (camera: string) =>
      on(`cameras/${camera}/alert`).map(({ payload }) => JSON.parse(payload.toString()));
    await until(() => events('line').at(-1)?.event === 'closed', log);
    expect(events('line').at(-1)).toMatchObject({ reason: 'stopped', id: events('line')[0].id });
    await until(() => events('other').length > 0, log);
    expect(events('other').filter(({ event }) => event === 'closed')).toEqual([]);
    daemon.kill('SIGTERM');
    await once(daemon, 'exit');
    await until(() => events('other').at(-1)?.reason === 'stopped', log);
    await close();
  });

  it('serves metrics, health and status, and stops within five seconds of SIGTERM, leaving no process', async () => {
    const { bundle } = await tinyBundle();
    const { process: daemon, on, log, port, metrics, close } = await run('loop', yaml(bundle, 'loop', 'loop: true'));
    await until(() => on('cameras/line/alert').length > 0, log);
    expect(await (await fetch(`http://127.0.0.1:${port()}/healthz`)).json()).toEqual({ status: 'ok' });
    const ready = await fetch(`http://127.0.0.1:${port()}/readyz`);
    expect(ready.status).toBe(200);
    expect(await ready.json()).toEqual({ ready: true, checks: { model: true, camera: true, broker: true } });
    const status = (await (await fetch(`http://127.0.0.1:${port()}/api/v1/status`)).json()) as Status;
    expect(status).toMatchObject({ models: [{ name: 'bundle' }], mqtt: { connected: true } });
    expect(status.cameras).toMatchObject([{ name: 'line', state: 'live', lastRatio: expect.any(Number) }]);
    expect(status.cameras[0].framesJudged).toBeGreaterThan(0);
    const values = await metrics();
    const value = (series: string) => values.get(series);
    expect(value('kdad_alerts_total{camera="line"}')).toBeGreaterThanOrEqual(1);
    expect(value('kdad_frames_judged_total{camera="line",verdict="good"}')).toBeGreaterThan(0);
    expect(value('kdad_frames_judged_total{camera="line",verdict="anomalous"}')).toBeGreaterThan(0);
    expect(value('kdad_camera_up{camera="line"}')).toBe(1);
    expect(value('kdad_mqtt_connected')).toBe(1);
    for (const part of ['daemon', 'inference', 'ffmpeg'])
      expect(value(`kdad_resident_memory_bytes{process="${part}"}`), part).toBeGreaterThan(1e6);

    const children = await descendants(daemon.pid as number);
    expect(children.length).toBeGreaterThanOrEqual(2);
    const begin = performance.now();
    daemon.kill('SIGTERM');
    const [code] = await once(daemon, 'exit');
    // systemd kills what has not ended by then.
    expect(performance.now() - begin).toBeLessThan(15_000);
    expect(code, log()).toBe(0);
    await until(() => !children.some(({ pid }) => alive(pid)), log);
    await until(() => on('availability').at(-1)?.payload.toString() === 'offline', log);
    await close();
  });

  it('stops, too, while its detector is being loaded', async () => {
    const { bundle } = await tinyBundle();
    const { process: daemon, log, close } = await run('early', yaml(bundle, 'early', 'loop: true'));
    await until(() => /"msg":"MQTT broker reached"/.test(log()), log);
    const children = await descendants(daemon.pid as number);
    const ended = once(daemon, 'exit');
    daemon.kill('SIGTERM');
    expect(await ended, log()).toEqual([0, null]);
    expect(children.filter(({ pid }) => alive(pid))).toEqual([]);
    await close();
  });

  it('tells by its last will when it is killed', async () => {
    const { bundle } = await tinyBundle();
    const { process: daemon, on, log, close } = await run('killed', yaml(bundle, 'killed', 'loop: true'));
    await until(() => on('availability').length > 0, log);
    const children = await descendants(daemon.pid as number);
    daemon.kill('SIGKILL');
    await until(() => on('availability').at(-1)?.payload.toString() === 'offline', log);
    await until(
      () => children.filter(({ pid }) => alive(pid)).length === 0,
      () => `${JSON.stringify(children)} live on`,
    );
    await close();
  });

  it('goes on judging without a broker', async () => {
    const { bundle } = await tinyBundle();
    const noBroker = yaml(bundle, 'alone', 'loop: true').replace(String(broker.port), '1');
    const { process: daemon, log, port, close } = await run('alone', noBroker);
    await until(() => /"msg":"alert opened"/.test(log()), log);
    expect(log()).toMatch(/MQTT broker not reached/);
    expect(await (await fetch(`http://127.0.0.1:${port()}/metrics`)).text()).toMatch(/^kdad_mqtt_connected 0$/m);
    const ready = await fetch(`http://127.0.0.1:${port()}/readyz`);
    expect(ready.status).toBe(503);
    expect(await ready.json()).toEqual({ ready: false, checks: { model: true, camera: true, broker: false } });
    daemon.kill('SIGTERM');
    const [code] = await once(daemon, 'exit');
    expect(code).toBe(0);
    await close();
  });

  it.each([
    [
      'a bundle that is not there',
      (text: string) => text.replace(/^model: .*$/m, 'model: nowhere'),
      3,
      /nowhere.*\[BUNDLE_MISSING\]/s,
    ],
    ['a port that is taken', (text: string) => text.replace('port: 0', `port: ${broker.port}`), 4, /\[PORT_TAKEN\]/],
    [
      'a typo',
      (text: string) => text.replace('goodFrames', 'godFrames'),
      2,
      /godFrames: unknown key; did you mean goodFrames\?.*\[CONFIG_INVALID\]/s,
    ],
  ])('ends with one clear error for %s', async (what, change, exitCode, message) => {
    const { bundle } = await tinyBundle();
    const { process: daemon, log, close } = await run('wrong', change(yaml(bundle, 'wrong', 'loop: true')));
    const [code] = await once(daemon, 'exit');
    await close();
    expect(log(), what).toMatch(message);
    expect(log()).not.toMatch(/\n\s+at /);
    expect(code).toBe(exitCode);
    expect((await readdir(join(folder, 'wrong'))).sort()).toEqual(['kdad-edge.yaml']);
  });
});
