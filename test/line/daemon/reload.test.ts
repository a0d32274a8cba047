import { once } from 'node:events';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import type { Status } from '../../../src/line/daemon/status.js';
import { aedesBroker, type Broker } from '../../fixtures/brokers.js';
import { descendants, makeVideo, type RunningDaemon, startDaemon, until } from '../../fixtures/daemon.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

let folder: string;
let bundle: string;
let broker: Broker;

beforeAll(async () => {
  ({ bundle } = await tinyBundle());
  folder = join(inject('shared'), 'reload');
  await mkdir(folder, { recursive: true });
  broker = await aedesBroker();
  await broker.start();
  await cp(bundle, join(folder, 'other'), { recursive: true });
  await makeVideo(join(folder, 'part.avi'), { good: 12, bad: 12 });
});
afterAll(() => broker.stop());

const camera = (name: string, more = '') =>
  `  - { name: ${name}, source: { kind: file, path: ../part.avi, loop: true }, ${more} }\n`;
/** No frame is anomalous at this threshold. */
const NEVER = 'threshold: { factor: 10 }';

const yaml = (name: string, cameras: string, more = '') => `
model: ${bundle}
cameras:
${cameras}
alert: { open: { k: 3, n: 5 }, cooldown: 0s }
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: ${name}, version: "3.1.1" }
http: { port: 0 }
${more}
`;

/** A running daemon whose configuration can be changed. */
async function started(name: string, text: string) {
  const daemon = await startDaemon(name, text, { folder, brokerPort: broker.port });
  await until(() => daemon.port() > 0, daemon.log);
  const lines = () =>
    daemon
      .log()
      .split('\n')
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  const find = (message: RegExp) => lines().filter(({ msg }) => message.test(msg));
  return {
    ...daemon,
    find,
    /** Writes another configuration, sends SIGHUP, and waits for the line of the log that tells what came of it. */
    async reload(changed: string, answer = /configuration reloaded/) {
      const before = find(answer).length;
      await writeFile(join(folder, name, 'kdad-edge.yaml'), changed);
      daemon.process.kill('SIGHUP');
      await until(() => find(answer).length > before, daemon.log);
      return find(answer).at(-1);
    },
    async stop() {
      daemon.process.kill('SIGTERM');
      const [code] = await once(daemon.process, 'exit');
      expect(code, daemon.log()).toBe(0);
      await daemon.close();
    },
  };
}

const judged = async ({ metrics }: RunningDaemon, name: string) =>
  (await metrics()).get(`kdad_frames_judged_total{camera="${name}",verdict="good"}`) ?? 0;

describe('SIGHUP', () => {
  it('has thresholds and the log level take effect while the camera stays connected', async () => {
    const daemon = await started('judging', yaml('judging', camera('line', NEVER)));
    await until(async () => (await judged(daemon, 'line')) > 0, daemon.log);
    const ffmpeg = async () =>
      (await descendants(daemon.process.pid as number)).filter(({ command }) => /part\.avi/.test(command));
    const before = await ffmpeg();

    const line = await daemon.reload(yaml('judging', camera('line'), 'logLevel: debug'));
    expect(line.changed).toEqual(['cameras', 'logLevel']);
    await until(() => daemon.on('cameras/line/alert').length > 0, daemon.log);
    expect(await ffmpeg()).toEqual(before);
    await daemon.stop();
  });

  it('starts, stops and reconnects single cameras, and the others never notice', async () => {
    const daemon = await started('cameras', yaml('cameras', camera('stays') + camera('goes') + camera('turns')));
    const states = (name: string) => daemon.on(`cameras/${name}/state`).map(({ payload }) => payload.toString());
    await until(() => ['stays', 'goes', 'turns'].every((name) => /live/.test(states(name).at(-1) ?? '')), daemon.log);
    const stays = states('stays').length;

    await daemon.reload(yaml('cameras', camera('stays') + camera('turns', 'rotate: 180') + camera('comes')));
    await until(() => /live/.test(states('comes').at(-1) ?? ''), daemon.log);
    await until(() => states('turns').filter((state) => /live/.test(state)).length === 2, daemon.log);
    expect(states('stays')).toHaveLength(stays);
    await until(() => states('goes').at(-1) === '', daemon.log);
    const series = [...(await daemon.metrics()).keys()].filter((name) => name.includes('camera="goes"'));
    expect(series).toEqual([]);
    await daemon.stop();
  });

  it('has cameras judged by other models, and keeps the old ones when one cannot be used', async () => {
    const other = `model: "../other"`;
    const daemon = await started('models', yaml('models', camera('line') + camera('gate', other)));
    const alerts = (name: string) => daemon.on(`cameras/${name}/alert`).map(({ payload }) => JSON.parse(`${payload}`));
    const models = async () => {
      const { models } = (await (await fetch(`http://127.0.0.1:${daemon.port()}/api/v1/status`)).json()) as Status;
      return models.map(({ name }) => name);
    };
    const processes = async () =>
      (await descendants(daemon.process.pid as number)).filter(({ command }) => /inference-main/.test(command)).length;
    await until(() => alerts('line').length > 0 && alerts('gate').length > 0, daemon.log);
    expect([alerts('line')[0].model, alerts('gate')[0].model]).toEqual(['bundle', 'other']);
    expect(await models()).toEqual(['bundle', 'other']);
    expect(await processes()).toBe(2);

    const text = yaml('models', camera('line', 'model: "../missing"') + camera('gate', other));
    const line = await daemon.reload(text, /old one stays/);
    expect(line.problems[0]).toContain(join(folder, 'missing'));
    expect(await models()).toEqual(['bundle', 'other']);

    await daemon.reload(yaml('models', camera('line', other) + camera('gate', other)));
    const before = alerts('line').length;
    await until(
      () =>
        alerts('line')
          .slice(before)
          .some(({ model }) => model === 'other'),
      daemon.log,
    );
    expect(await models()).toEqual(['other']);
    expect(await processes()).toBe(1);
    const info = [...(await daemon.metrics()).keys()].filter((name) => name.startsWith('kdad_model_info'));
    expect(info).toEqual([expect.stringContaining('model="other"')]);
    await daemon.stop();
  });

  it('changes nothing when the file is wrong, and tells all that is', async () => {
    const text = yaml('wrong', camera('line', NEVER));
    const daemon = await started('wrong', text);
    await until(async () => (await judged(daemon, 'line')) > 0, daemon.log);
    const line = await daemon.reload(text.replace('k: 3', 'k: 9').replace('cooldown', 'coldown'), /old one stays/);
    expect(line.problems).toEqual([
      expect.stringContaining('alert.open.k: found 9; expected at most n'),
      expect.stringContaining('alert.coldown: unknown key; did you mean cooldown?'),
    ]);
    const before = await judged(daemon, 'line');
    await until(async () => (await judged(daemon, 'line')) > before, daemon.log);
    await daemon.stop();
  });

  it('names the keys that take a restart', async () => {
    const text = yaml('restart', camera('line', NEVER));
    const daemon = await started('restart', text);
    await until(async () => (await judged(daemon, 'line')) > 0, daemon.log);
    await daemon.reload(text.replace('port: 0', 'port: 1').replace('topicPrefix: restart', 'topicPrefix: other'));
    await until(() => daemon.find(/take effect after a restart of the daemon/).length > 0, daemon.log);
    expect(daemon.find(/take effect/)[0]).toMatchObject({ level: 40, keys: ['mqtt.topicPrefix', 'http.port'] });
    await daemon.stop();
  });

  it('is what systemd sends', async () => {
    const unit = await readFile(new URL('../../../systemd/kdad-edge.service', import.meta.url), 'utf8');
    expect(unit).toMatch(/^ExecReload=\/bin\/kill -HUP \$MAINPID$/m);
  });
});
