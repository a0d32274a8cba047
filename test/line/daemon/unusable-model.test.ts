import { once } from 'node:events';
import { chmod, chown, cp, mkdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Status } from '../../../src/line/daemon/status.js';
import { activate } from '../../../src/method/bundle/store.js';
import { aedesBroker, type Broker } from '../../fixtures/brokers.js';
import { makeVideo, type RunningDaemon, startDaemon, total, until } from '../../fixtures/daemon.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';
import { canBeUnprivileged, unprivileged } from '../../fixtures/unprivileged.js';

/** Milliseconds: a machine may be busy. */
const PATIENCE = 120_000;

let folder: string;
let broker: Broker;
let bundle: string;
beforeAll(async () => {
  ({ bundle } = await tinyBundle());
  folder = join(inject('shared'), 'unusable');
  await mkdir(folder, { recursive: true });
  for (const path of [inject('shared'), folder]) await chmod(path, 0o755);
  broker = await aedesBroker();
  await broker.start();
  await makeVideo(join(folder, 'part.avi'), { good: 12, bad: 0 });
});
afterAll(() => broker.stop());

const yaml = (name: string, model = '../store') => `
model: ${model.replace('store', `${name}-store`)}
cameras: [{ name: line, source: { kind: file, path: ../part.avi, loop: true } }]
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: ${name}, version: "3.1.1" }
http: { port: 0 }
`;
const start = (name: string, text = yaml(name)) =>
  startDaemon(name, text, { folder, brokerPort: broker.port, user: unprivileged });

/** A store with versions 1 and 2, of which these were put to use one after the other, as `models activate` does. */
async function storeOf(name: string, ...used: string[]): Promise<string> {
  const store = join(folder, `${name}-store`);
  for (const version of ['1', '2']) await cp(bundle, join(store, version), { recursive: true });
  for (const version of used) await activate(store, version);
  return store;
}

/** Another user's, and nobody else's to read. */
async function close(path: string): Promise<void> {
  await chmod(path, 0);
  if (unprivileged.uid !== undefined) await chown(path, 0, 0);
}

async function statusOf(daemon: RunningDaemon): Promise<Status> {
  return (await (await fetch(`http://127.0.0.1:${daemon.port()}/api/v1/status`)).json()) as Status;
}
const versionOf = async (daemon: RunningDaemon) => (await statusOf(daemon)).models[0].version;

async function goesOn(daemon: RunningDaemon) {
  const judged = async () => total(await daemon.metrics(), 'kdad_frames_judged_total');
  const before = await judged();
  await until(async () => (await judged()) > before, daemon.log, PATIENCE);
}

async function stop(daemon: RunningDaemon) {
  daemon.process.kill('SIGTERM');
  const [code] = await once(daemon.process, 'exit');
  expect(code, daemon.log()).toBe(0);
  await daemon.close();
}

describe.skipIf(!canBeUnprivileged)('a model that cannot be used', () => {
  it('is refused while the one before goes on judging, and is taken once it can be', async () => {
    const store = await storeOf('live', '1');
    const daemon = await start('live');
    await until(
      async () => daemon.port() > 0 && total(await daemon.metrics(), 'kdad_frames_judged_total') > 0,
      daemon.log,
      PATIENCE,
    );
    await close(join(store, '2'));
    // Whoever may read it puts it to use: root, say.
    await rm(join(store, 'current'));
    await symlink('2', join(store, 'current'));
    await until(() => /BUNDLE|EACCES/.test(daemon.log()), daemon.log, PATIENCE);
    expect(daemon.log()).toMatch(/2\/manifest\.json: EACCES.*the new model cannot be used; the old one stays/);
    await goesOn(daemon);
    expect(await versionOf(daemon)).toBe('1');
    await chmod(join(store, '2'), 0o755);
    await until(async () => (await versionOf(daemon)) === '2', daemon.log, PATIENCE);
    await stop(daemon);
  }, 300_000);

  it('is refused by SIGHUP', async () => {
    await storeOf('again', '1');
    const other = await storeOf('other', '1');
    await close(join(other, '1'));
    const daemon = await start('again');
    await until(
      async () => daemon.port() > 0 && total(await daemon.metrics(), 'kdad_frames_judged_total') > 0,
      daemon.log,
      PATIENCE,
    );
    const text = yaml('again').replace('name: line,', 'name: line, model: ../other-store,');
    await writeFile(join(folder, 'again/kdad-edge.yaml'), text);
    daemon.process.kill('SIGHUP');
    await until(() => /EACCES.*the old one stays in force/.test(daemon.log()), daemon.log, PATIENCE);
    await goesOn(daemon);
    await stop(daemon);
  }, 300_000);

  it.each([
    ['may not be read', /EACCES/, (store: string) => close(join(store, '2'))],
    ['is damaged', /detector.*truncated/, (store: string) => writeFile(join(store, '2/detector.onnx'), 'x')],
    [
      'is a circle of links',
      /ELOOP/,
      (store: string) => rm(join(store, '2'), { recursive: true }).then(() => symlink('2', join(store, '2'))),
    ],
    ['judges its own picture otherwise', /self-test failed/, (store: string) => spoil(join(store, '2/manifest.json'))],
  ])(
    'gives way at start to the one before it: it %s',
    async (_, reason, harm) => {
      const name = `start-${reason.source.replace(/\W/g, '')}`;
      const store = await storeOf(name, '1', '2');
      await harm(store);
      const daemon = await start(name);
      await until(
        async () => daemon.port() > 0 && total(await daemon.metrics(), 'kdad_frames_judged_total') > 0,
        daemon.log,
        PATIENCE,
      );
      expect(await versionOf(daemon)).toBe('1');
      expect(daemon.log()).toMatch(reason);
      expect(daemon.log()).toContain('the version in use cannot be loaded; the previous version judges');
      expect((await daemon.metrics()).get('kdad_model_swaps_total{result="refused"}')).toBeGreaterThan(0);
      await stop(daemon);
    },
    300_000,
  );

  it('ends the start with one clear error where none was before it', async () => {
    const store = await storeOf('alone', '2');
    await rm(join(store, '1'), { recursive: true });
    await close(join(store, '2'));
    const daemon = await start('alone');
    const [code] = await once(daemon.process, 'exit');
    expect(code).toBe(4);
    expect(daemon.log()).toMatch(
      /^kdad-edge: .*2\/manifest\.json: EACCES: permission denied.*\n {2}Give the user .*\[BUNDLE_UNREADABLE\]$/m,
    );
    expect(daemon.log()).not.toMatch(/^\s+at /m);
    await daemon.close();
  }, 300_000);
});

async function spoil(path: string): Promise<void> {
  const manifest = JSON.parse(await readFile(path, 'utf8'));
  for (const part of [manifest.selfTest, manifest.int8?.selfTest ?? {}, manifest.int8 ?? {}]) {
    if ('score' in part) part.score *= 2;
    if ('selfTestScore' in part) part.selfTestScore *= 2;
  }
  await writeFile(path, JSON.stringify(manifest));
}
