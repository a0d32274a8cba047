import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { aedesBroker, hasMosquitto, mosquittoBroker } from '../../fixtures/brokers.js';
import { makeVideo, startDaemon, until as untilWithin } from '../../fixtures/daemon.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

/** A busy machine takes long to load a detector. */
const until = (condition: () => boolean | Promise<boolean>, what: () => string) =>
  untilWithin(condition, what, 120_000);

let folder: string;
beforeAll(async () => {
  await tinyBundle();
  folder = join(inject('shared'), 'state');
  await mkdir(folder, { recursive: true });
  await makeVideo(join(folder, 'part.avi'), { good: 6, bad: 30 });
});

const yaml = (bundle: string, cameras: readonly string[], settings: string) => `
model: ${bundle}
cameras: [${cameras.map((name) => `{ name: ${name}, source: { kind: file, path: ../part.avi, loop: true } }`).join(', ')}]
alert: { open: { k: 2, n: 3 }, goodFrames: 4, release: 1, cooldown: 0s }
mqtt: { ${settings} }
evidence: { minFree: 1 }
http: { port: 0 }
`;

async function retainedBelow(port: number, filter: string) {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
  onTestFinished(() => client.endAsync(true));
  const topics = new Map<string, string>();
  client.on('message', (topic, payload) => topics.set(topic, payload.toString()));
  await client.subscribeAsync(filter === '#' ? filter : [filter, 'sentinel'], { qos: 1 });
  // What is retained comes before what is published after.
  await client.publishAsync('sentinel', 'now', { qos: 1 });
  await until(
    () => topics.delete('sentinel'),
    () => 'no sentinel',
  );
  return topics;
}

describe('state that is damaged', () => {
  it('never keeps the daemon from watching: it is set aside, told and counted', async () => {
    const broker = await aedesBroker();
    await broker.start();
    onTestFinished(() => broker.stop());
    const state = join(folder, 'damaged/state');
    await mkdir(join(state, 'evidence/line/2026-05-04T12-30-00.250Z-a'), { recursive: true });
    await symlink('/none', join(state, 'evidence/line/2026-05-04T12-30-00.250Z-a/frame.png'));
    await writeFile(join(state, 'outbox'), 'a file');
    await mkdir(join(state, 'overrides.json'));
    await mkdir(join(state, 'retained.json'));
    const { bundle } = await tinyBundle();
    const settings = `url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: damaged, version: 3.1.1, commands: true`;
    const daemon = await startDaemon('damaged', yaml(bundle, ['line'], settings), { folder, brokerPort: broker.port });
    await until(() => daemon.on('cameras/line/alert').length > 0, daemon.log);
    expect(daemon.log()).toContain('the outbox was damaged and has been set aside');
    expect(daemon.log()).toContain('earlier commands could not be read and no longer apply');
    expect(daemon.log()).toContain('an entry of the evidence folder cannot be read');
    const metrics = await daemon.metrics();
    for (const part of ['outbox', 'overrides', 'retained'])
      expect(metrics.get(`kdad_state_failures_total{part="${part}"}`), part).toBe(1);
    const names = await readdir(state);
    for (const name of ['outbox', 'overrides.json', 'retained.json'])
      expect(names.filter((other) => other.startsWith(`${name}.damaged-2`))).toHaveLength(1);
    await until(async () => (await readdir(join(state, 'evidence/line'))).length > 1, daemon.log);
    daemon.process.kill('SIGTERM');
    expect((await once(daemon.process, 'exit'))[0], daemon.log()).toBe(0);
    await daemon.close();
  }, 300_000);
});

describe.skipIf(!hasMosquitto)('what a daemon that was killed left at the broker', () => {
  it('is put right at the next start: its alert closes, and a camera that was renamed is forgotten', async () => {
    const broker = await mosquittoBroker();
    await broker.start();
    onTestFinished(() => broker.stop());
    const { bundle } = await tinyBundle();
    const settings = `url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: left, homeAssistant: true`;
    const start = (camera: string) =>
      startDaemon('left', yaml(bundle, [camera], settings), { folder, brokerPort: broker.port });
    const first = await start('line');
    const opened = () => JSON.parse(first.on('cameras/line/alert')[0]?.payload.toString() ?? '{}');
    await until(() => opened().event === 'opened' && first.on('cameras/line/state').length > 0, first.log);
    await until(
      () =>
        readFile(join(folder, 'left/state/retained.json')).then(
          () => true,
          () => false,
        ),
      first.log,
    );
    const place = join(folder, 'left/state/evidence/line');
    const kept = async () => (await readdir(place).catch(() => [])).find((name) => name.includes(opened().id));
    await until(async () => existsSync(join(place, (await kept()) ?? '', 'alert.json')), first.log);
    first.process.kill('SIGKILL');
    await once(first.process, 'exit');
    await first.close();
    expect([...(await retainedBelow(broker.port, 'left/#')).keys()]).toEqual(
      expect.arrayContaining(['left/cameras/line/state', 'left/cameras/line/inspection']),
    );

    const second = await start('gate');
    const events = (daemon: typeof first) =>
      daemon.on('cameras/line/alert').map(({ payload }) => JSON.parse(payload.toString()));
    const interrupted = () => events(second).find(({ reason }) => reason === 'interrupted');
    await until(() => interrupted() !== undefined, second.log);
    // What the first one did not get to send comes before.
    const { id, openedAt, camera, model } = [...events(first), ...events(second)].findLast(
      ({ event }) => event !== 'closed',
    );
    expect(interrupted()).toMatchObject({ event: 'closed', id, openedAt, camera, model, late: true });
    expect(interrupted().durationSeconds).toBeGreaterThan(0);
    const [folderOf] = (await readdir(place)).filter((name) => name.includes(id));
    const evidence = await readFile(join(place, folderOf, 'alert.json'), 'utf8');
    expect(JSON.parse(evidence)).toMatchObject({ event: 'closed', reason: 'interrupted', id });
    await until(async () => {
      const ofLine = [...(await retainedBelow(broker.port, '#')).keys()].filter((topic) => /line/.test(topic));
      return ofLine.length === 0;
    }, second.log);
    await until(() => second.on('cameras/gate/state').length > 0, second.log);
    const discovered = [...(await retainedBelow(broker.port, 'homeassistant/#')).keys()];
    expect(discovered).toEqual([expect.stringMatching(/left-gate/)]);
    second.process.kill('SIGTERM');
    await once(second.process, 'exit');
    await second.close();
  }, 300_000);
});

describe.skipIf(!hasMosquitto).each(['5', '3.1.1'])('a broker that has forgotten a camera, with MQTT %s', (version) => {
  it('is told at the start with the topic; its alerts are set aside, those of others arrive', async () => {
    const broker = await mosquittoBroker();
    const name = `rights-${version.replaceAll('.', '-')}`;
    broker.rights = [
      `topic readwrite ${name}/availability`,
      `topic readwrite ${name}/cameras/line/#`,
      `topic read ${name}/#`,
    ];
    await broker.start();
    onTestFinished(() => broker.stop());
    const { bundle } = await tinyBundle();
    const settings = `url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: ${name}, version: ${version}`;
    const daemon = await startDaemon(name, yaml(bundle, ['gate', 'line'], settings), {
      folder,
      brokerPort: broker.port,
    });
    await until(() => daemon.log().includes('the broker refuses alerts to this topic'), daemon.log);
    expect(daemon.log()).toContain(`"topic":"${name}/cameras/gate/alert","reason":"not authorised (0x87)"`);
    await until(() => daemon.on('cameras/line/alert').length > 1, daemon.log);
    await until(() => daemon.log().includes('the broker refused a message for good'), daemon.log);
    const [file] = await readdir(join(folder, name, 'state/refused'));
    expect(JSON.parse(await readFile(join(folder, name, 'state/refused', file), 'utf8'))).toMatchObject({
      topic: `${name}/cameras/gate/alert`,
      reason: 'not authorised (0x87)',
    });
    const metrics = await daemon.metrics();
    expect(metrics.get('kdad_outbox_dropped_total{kind="alert",reason="refused"}')).toBeGreaterThan(0);
    expect(daemon.on('cameras/line/alert').map(({ payload }) => JSON.parse(payload.toString()).event)).not.toContain(
      'test',
    );
    await daemon.close();
  }, 300_000);
});
