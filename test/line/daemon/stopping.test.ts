import { once } from 'node:events';
import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { aedesBroker, type Broker } from '../../fixtures/brokers.js';
import { alive, descendants, makeVideo, type RunningDaemon, startDaemon, until } from '../../fixtures/daemon.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

/** Milliseconds, TimeoutStopSec of systemd/kdad-edge.service: whoever has not stopped by then is killed. */
const SYSTEMD = 15_000;

/** Milliseconds: a machine may be busy. */
const PATIENCE = 120_000;

let folder: string;
let broker: Broker;
let bundle: string;
beforeAll(async () => {
  ({ bundle } = await tinyBundle());
  folder = join(inject('shared'), 'stopping');
  await mkdir(folder, { recursive: true });
  broker = await aedesBroker();
  await broker.start();
  await cp(bundle, join(folder, 'other'), { recursive: true });
  await makeVideo(join(folder, 'part.avi'), { good: 6, bad: 24 });
});
afterAll(() => broker.stop());

const yaml = (name: string) => `
model: ${bundle}
cameras:
  - { name: line, source: { kind: file, path: ../part.avi, loop: true } }
alert: { open: { k: 1, n: 1 }, goodFrames: 1000 }
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: ${name}, version: "3.1.1", commands: true }
http: { port: 0 }
`;

const start = (name: string) => startDaemon(name, yaml(name), { folder, brokerPort: broker.port });
const events = ({ on }: RunningDaemon) => on('cameras/line/alert').map(({ payload }) => JSON.parse(payload.toString()));
const detectors = async ({ process: { pid } }: RunningDaemon) =>
  (await descendants(pid as number)).filter(({ command }) => /inference-main/.test(command)).map((child) => child.pid);

/**
 * Sends SIGTERM, or others. When it resolves, daemon and children are gone, and were so before systemd would have lost
 * patience.
 */
async function stop(daemon: RunningDaemon, signals: readonly NodeJS.Signals[] = ['SIGTERM']) {
  const children = (await descendants(daemon.process.pid as number)).map(({ pid }) => pid);
  const began = performance.now();
  const exited = once(daemon.process, 'exit');
  for (const signal of signals) daemon.process.kill(signal);
  const [code] = await exited;
  expect(performance.now() - began).toBeLessThan(SYSTEMD);
  expect(code, daemon.log()).toBe(0);
  expect(children.filter(alive)).toEqual([]);
}

/** The last that was heard of the alert, when all has arrived. */
async function closed(daemon: RunningDaemon) {
  await until(() => events(daemon).at(-1)?.event === 'closed', daemon.log, PATIENCE);
  await daemon.close();
  return events(daemon).at(-1);
}

describe('SIGTERM', () => {
  it('ends the daemon, its alert closed, though more signals come', async () => {
    const daemon = await start('signals');
    await until(() => events(daemon).length > 0, daemon.log, PATIENCE);
    await stop(daemon, ['SIGHUP', 'SIGTERM', 'SIGHUP', 'SIGINT', 'SIGINT', 'SIGTERM']);
    expect(await closed(daemon)).toMatchObject({ event: 'closed', reason: 'stopped', id: events(daemon)[0].id });
  }, 300_000);

  it('ends the daemon, its alert closed, while a batch hangs', async () => {
    const daemon = await start('hung');
    await until(() => events(daemon).length > 0, daemon.log, PATIENCE);
    const [detector] = await detectors(daemon);
    process.kill(detector, 'SIGSTOP');
    await stop(daemon);
    expect(await closed(daemon)).toMatchObject({ event: 'closed', reason: 'stopped', id: events(daemon)[0].id });
  }, 300_000);

  it('ends the daemon while SIGHUP has it load a model that does not come', async () => {
    const daemon = await start('reload');
    await until(() => events(daemon).length > 0, daemon.log, PATIENCE);
    await writeFile(
      join(folder, 'reload/kdad-edge.yaml'),
      yaml('reload').replace('name: line', 'name: line, model: ../other'),
    );
    daemon.process.kill('SIGHUP');
    await until(async () => (await detectors(daemon)).length === 2, daemon.log, PATIENCE);
    const [, coming] = (await detectors(daemon)).sort((a, b) => a - b);
    process.kill(coming, 'SIGSTOP');
    await stop(daemon);
    expect(await closed(daemon)).toMatchObject({ event: 'closed' });
  }, 300_000);

  it('ends the daemon while SIGHUP waits for a camera whose batch hangs', async () => {
    const daemon = await start('camera');
    await until(() => events(daemon).length > 0, daemon.log, PATIENCE);
    const [detector] = await detectors(daemon);
    process.kill(detector, 'SIGSTOP');
    await writeFile(join(folder, 'camera/kdad-edge.yaml'), yaml('camera').replace('name: line', 'name: other'));
    daemon.process.kill('SIGHUP');
    await until(async () => (await descendants(daemon.process.pid as number)).length === 1, daemon.log, PATIENCE);
    await stop(daemon);
    expect(await closed(daemon)).toMatchObject({ event: 'closed' });
  }, 300_000);

  it('ends the daemon while it starts a detector that does not come', async () => {
    const daemon = await start('starting');
    await until(async () => (await detectors(daemon)).length === 1, daemon.log, PATIENCE);
    process.kill((await detectors(daemon))[0], 'SIGSTOP');
    await stop(daemon);
    await daemon.close();
  }, 300_000);
});
