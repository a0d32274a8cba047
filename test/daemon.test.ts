import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Aedes } from 'aedes';
import mqtt from 'mqtt';
import sharp from 'sharp';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { findFfmpeg } from '../src/camera/ffmpeg.js';
import { PICTURE, picture } from './fixtures/product.js';
import { tinyBundle } from './fixtures/tiny-bundle.js';

const main = fileURLToPath(new URL('../dist/main.js', import.meta.url));
const FPS = 10;
let folder: string;
let broker: { server: Server; port: number; close: () => Promise<void> };
const daemons: ChildProcess[] = [];

/** A real MQTT broker (of version 3.1.1) on a free port. */
async function startBroker(): Promise<typeof broker> {
  const aedes = await Aedes.createBroker();
  const server = createServer(aedes.handle);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  const close = async () => {
    await new Promise<void>((resolve) => aedes.close(resolve));
    server.close();
  };
  return { server, port, close };
}

/** A video of the product: `good` frames, then `bad` blotted ones, then good ones again. */
async function makeVideo(path: string, counts: { good: number; bad: number }): Promise<void> {
  const { path: ffmpeg } = await findFfmpeg();
  const size = `${PICTURE}x${PICTURE}`;
  const encoder = spawn(ffmpeg, [
    ...['-loglevel', 'error', '-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', size, '-r', String(FPS), '-i', '-'],
    ...['-c:v', 'mjpeg', '-q:v', '2', '-pix_fmt', 'yuvj444p', '-y', path],
  ]);
  const { good, bad } = counts;
  for (let i = 0; i < 2 * good + bad; i++) encoder.stdin.write(picture(3000 + i, i >= good && i < good + bad).pixels);
  encoder.stdin.end();
  const [code] = await once(encoder, 'exit');
  expect(code).toBe(0);
}

/** Starts `kdad-edge run` and gathers what it publishes. */
async function run(name: string, yaml: string) {
  const home = join(folder, name);
  await mkdir(home, { recursive: true });
  const config = join(home, 'kdad-edge.yaml');
  await writeFile(config, yaml);
  const received: { topic: string; payload: Buffer; retain: boolean }[] = [];
  const subscriber = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`, { protocolVersion: 4 });
  subscriber.on('message', (topic, payload, { retain }) => received.push({ topic, payload, retain }));
  await subscriber.subscribeAsync(`${name}/#`, { qos: 1 });
  const daemon = spawn(process.execPath, [main, 'run', '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  daemons.push(daemon);
  let log = '';
  daemon.stdout.on('data', (chunk) => {
    log += chunk;
  });
  daemon.stderr.on('data', (chunk) => {
    log += chunk;
  });
  return {
    daemon,
    received,
    log: () => log,
    port: () => Number(/"port":(\d+)/.exec(log)?.[1]),
    on: (topic: string) => received.filter((message) => message.topic === `${name}/${topic}`),
    close: () => subscriber.endAsync(),
  };
}

async function until(condition: () => boolean, what: () => string, limit = 25_000): Promise<void> {
  const end = performance.now() + limit;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within ${limit} ms: ${what()}`);
    await sleep(50);
  }
}

/** The processes that a process started, and theirs. */
async function descendants(pid: number): Promise<number[]> {
  const { stdout } = await promisify(execFile)('ps', ['-e', '-o', 'pid=,ppid=']);
  const pairs = stdout
    .trim()
    .split('\n')
    .map((line) => line.trim().split(/\s+/).map(Number));
  const below = (parent: number): number[] =>
    pairs.filter(([, ppid]) => ppid === parent).flatMap(([child]) => [child, ...below(child)]);
  return below(pid);
}

const alive = (pid: number) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

beforeAll(async () => {
  await tinyBundle();
  folder = join(inject('shared'), 'daemon');
  await mkdir(folder, { recursive: true });
  broker = await startBroker();
  await makeVideo(join(folder, 'part.avi'), { good: 12, bad: 12 });
}, 90_000);
afterEach(() => {
  for (const daemon of daemons.splice(0)) daemon.kill('SIGKILL');
});
afterAll(() => broker.close());

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
    const { daemon, on, log, close } = await run('once', yaml(bundle, 'once', 'realtime: true'));
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

    const [heatmap] = on('cameras/line/heatmap');
    expect(await sharp(heatmap.payload).metadata()).toMatchObject({ format: 'jpeg', width: 64, height: 64 });
    expect(on('availability').map(({ payload }) => payload.toString())).toEqual(['online', 'offline']);
    expect(on('cameras/line/state').map(({ payload }) => JSON.parse(payload.toString()).state)).toContain('ended');
  }, 60_000);

  it('serves metrics and health, and stops within five seconds of SIGTERM, leaving no process', async () => {
    const { bundle } = await tinyBundle();
    const { daemon, on, log, port, close } = await run('loop', yaml(bundle, 'loop', 'loop: true'));
    await until(() => on('cameras/line/alert').length > 0, log);
    const get = async (path: string) => (await fetch(`http://127.0.0.1:${port()}${path}`)).text();
    expect(JSON.parse(await get('/healthz'))).toEqual({ status: 'ok' });
    const metrics = await get('/metrics');
    const value = (series: string) =>
      Number(
        metrics
          .split('\n')
          .find((line) => line.startsWith(`${series} `))
          ?.split(' ')[1],
      );
    expect(value('kdad_alerts_total{camera="line"}')).toBeGreaterThanOrEqual(1);
    expect(value('kdad_frames_judged_total{camera="line",verdict="good"}')).toBeGreaterThan(0);
    expect(value('kdad_frames_judged_total{camera="line",verdict="anomalous"}')).toBeGreaterThan(0);
    expect(value('kdad_camera_up{camera="line"}')).toBe(1);
    expect(value('kdad_mqtt_connected')).toBe(1);

    const children = await descendants(daemon.pid as number);
    expect(children.length).toBeGreaterThanOrEqual(2);
    const begin = performance.now();
    daemon.kill('SIGTERM');
    const [code] = await once(daemon, 'exit');
    expect(performance.now() - begin).toBeLessThan(5000);
    expect(code, log()).toBe(0);
    await sleep(100);
    expect(children.filter(alive)).toEqual([]);
    await until(() => on('availability').at(-1)?.payload.toString() === 'offline', log);
    await close();
  }, 60_000);

  it('tells by its last will when it is killed', async () => {
    const { bundle } = await tinyBundle();
    const { daemon, on, log, close } = await run('killed', yaml(bundle, 'killed', 'loop: true'));
    await until(() => on('availability').length > 0, log);
    const children = await descendants(daemon.pid as number);
    daemon.kill('SIGKILL');
    await until(() => on('availability').at(-1)?.payload.toString() === 'offline', log);
    await until(
      () => children.filter(alive).length === 0,
      () => `${children} live on`,
    );
    await close();
  }, 60_000);

  it('goes on judging without a broker', async () => {
    const { bundle } = await tinyBundle();
    const noBroker = yaml(bundle, 'alone', 'loop: true').replace(String(broker.port), '1');
    const { daemon, log, port, close } = await run('alone', noBroker);
    await until(() => /"msg":"alert opened"/.test(log()), log);
    expect(log()).toMatch(/MQTT broker not reached/);
    expect(await (await fetch(`http://127.0.0.1:${port()}/metrics`)).text()).toMatch(/^kdad_mqtt_connected 0$/m);
    daemon.kill('SIGTERM');
    const [code] = await once(daemon, 'exit');
    expect(code).toBe(0);
    await close();
  }, 60_000);

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
  ])(
    'ends with one clear error for %s',
    async (what, change, exitCode, message) => {
      const { bundle } = await tinyBundle();
      const { daemon, log, close } = await run('wrong', change(yaml(bundle, 'wrong', 'loop: true')));
      const [code] = await once(daemon, 'exit');
      await close();
      expect(log(), what).toMatch(message);
      expect(log()).not.toMatch(/\n\s+at /);
      expect(code).toBe(exitCode);
      expect((await readdir(join(folder, 'wrong'))).sort()).toEqual(['kdad-edge.yaml']);
    },
    60_000,
  );
});
