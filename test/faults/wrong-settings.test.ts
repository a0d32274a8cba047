import { once } from 'node:events';
import { cp, mkdir, mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { activate } from '../../src/method/bundle/store.js';
import { aedesBroker, type Broker, hasMosquitto, mosquittoBroker } from '../fixtures/brokers.js';
import { kdadEdge } from '../fixtures/command-line.js';
import { makeVideo, startDaemon, until } from '../fixtures/daemon.js';
import { tinyBundle } from '../fixtures/tiny-bundle.js';

let folder: string;
let broker: Broker;
beforeAll(async () => {
  await tinyBundle();
  folder = join(inject('shared'), 'wrong-settings');
  await mkdir(folder, { recursive: true });
  broker = await aedesBroker();
  await broker.start();
  await makeVideo(join(folder, 'part.avi'), { good: 10, bad: 10 });
});
afterAll(() => broker.stop());

const yaml = (model: string, mqtt: string) => `model: ${model}
cameras: [{ name: line, source: { kind: file, path: ${join(folder, 'part.avi')}, loop: true } }]
inspection: { queue: 50 }
${mqtt}
http: { port: 0 }
`;
const copyOf = async (bundle: string): Promise<string> => {
  const copy = join(await mkdtemp(join(folder, 'bundle-')), 'blots');
  await cp(bundle, copy, { recursive: true });
  return copy;
};
const truncateDetector = (bundle: string) => truncate(join(bundle, 'detector.onnx'), 1000);

/** Runs the daemon, which ends by itself. */
async function ends(text: string) {
  const home = await mkdtemp(join(folder, 'ends-'));
  const config = join(home, 'kdad-edge.yaml');
  await writeFile(config, `${text}stateDir: state\n`);
  return kdadEdge('run', '--config', config);
}

describe('at start, with one message and nothing left running', () => {
  it.each([
    ['truncated', truncateDetector, /detector\.onnx: truncated: 1000 bytes, where the manifest says \d+\n/],
    ['missing a file', (bundle: string) => rm(join(bundle, 'self-test.png')), /self-test\.png: the file is missing\n/],
    ['changed', changeDetector, /detector\.onnx: changed: its SHA-256 is not the one in the manifest\n/],
  ])('a bundle that is %s ends the daemon with 3', async (_, damage, message) => {
    const bundle = await copyOf((await tinyBundle()).bundle);
    await damage(bundle);
    const { code, stderr } = await ends(yaml(bundle, ''));
    expect(stderr).toMatch(message);
    expect(stderr).toMatch(
      /\n {2}Copy the bundle again from its source, or train a new one\. {2}\[BUNDLE_DAMAGED\]\n$/,
    );
    expect(stderr.trim().split('\n')).toHaveLength(2);
    expect(code).toBe(3);
  });

  it('a port that is taken ends it with 4', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    onTestFinished(() => void server.close());
    const { port } = server.address() as { port: number };
    const { bundle } = await tinyBundle();
    const { code, stderr } = await ends(yaml(bundle, '').replace('port: 0', `port: ${port}`));
    expect(stderr).toMatch(
      new RegExp(
        `^kdad-edge: cannot listen on 127\\.0\\.0\\.1 port ${port}: .*EADDRINUSE.*\\n {2}Stop the other program, .*\\[PORT_TAKEN\\]\\n$`,
      ),
    );
    expect(code).toBe(4);
  });

  it('typos end it with 2, all told at once, each with its place and what was probably meant', async () => {
    const { bundle } = await tinyBundle();
    const { code, stderr } = await ends(
      yaml(bundle, '').replace('inspection: { queue: 50 }', 'inspection: { que: 50 }\nalert: { cooldwon: 5s }'),
    );
    expect(stderr).toMatch(/kdad-edge\.yaml:3:\d+: inspection\.que: unknown key; did you mean queue\?/);
    expect(stderr).toMatch(/kdad-edge\.yaml:4:\d+: alert\.cooldwon: unknown key; did you mean cooldown\?/);
    expect(stderr).toMatch(/\[CONFIG_INVALID\]\n$/);
    expect(code).toBe(2);
  });
});

describe('while it runs', () => {
  it('a damaged version that is put to use is refused with one message, and the old one goes on judging', async () => {
    const { bundle } = await tinyBundle();
    const store = join(await mkdtemp(join(folder, 'store-')), 'blots');
    for (const version of ['1', '2']) await cp(bundle, join(store, version), { recursive: true });
    await activate(store, '1');
    const mqtt = `mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: damaged, version: "3.1.1", verdicts: true }`;
    const daemon = await startDaemon('damaged', yaml(store, mqtt), { folder, brokerPort: broker.port });
    const verdicts = () => daemon.on('cameras/line/verdict').map(({ payload }) => JSON.parse(payload.toString()));
    await until(() => verdicts().length > 3, daemon.log);
    await truncateDetector(join(store, '2'));
    await activate(store, '2');
    await until(() => daemon.log().includes('the new model cannot be used; the old one stays'), daemon.log);
    expect(daemon.log()).toMatch(
      /"reason":"[^"]*2\/detector\.onnx: truncated: 1000 bytes, where the manifest says \d+"/,
    );
    const then = verdicts().length;
    await until(() => verdicts().length > then + 5, daemon.log);
    expect(new Set(verdicts().map(({ modelVersion }) => modelVersion))).toEqual(new Set(['1']));
    expect(daemon.log().split('the new model cannot be used')).toHaveLength(2);
    await daemon.close();
  });

  it.skipIf(!hasMosquitto)(
    'a wrong password is told once and in clear words, the daemon judges on, and never logs the password',
    async () => {
      const locked = await mosquittoBroker('right');
      await locked.start();
      onTestFinished(() => locked.stop());
      const { bundle } = await tinyBundle();
      const secret = 'wr0ng-secret';
      await writeFile(join(folder, 'secret.txt'), secret);
      const mqtt = `mqtt: { url: "mqtt://127.0.0.1:${locked.port}", username: line, passwordFile: ${join(folder, 'secret.txt')} }`;
      const daemon = await startDaemon('password', yaml(bundle, mqtt), { folder, brokerPort: broker.port });
      await until(() => daemon.log().includes('MQTT broker not reached'), daemon.log);
      expect(daemon.log()).toMatch(
        /"reason":"[^"]*Not authorized[^"]*","msg":"MQTT broker not reached; trying again"/i,
      );
      await until(() => daemon.log().includes('"msg":"alert opened"'), daemon.log);
      // Two more attempts.
      await new Promise((resolve) => setTimeout(resolve, 4500));
      expect(daemon.log().split('MQTT broker not reached')).toHaveLength(2);
      expect((await daemon.metrics()).get('kdad_mqtt_connected')).toBe(0);
      expect(daemon.log()).not.toContain(secret);
      const commandLine = await readFile(`/proc/${daemon.process.pid}/cmdline`, 'utf8');
      expect(commandLine).not.toContain(secret);
      daemon.process.kill('SIGTERM');
      const [code] = await once(daemon.process, 'exit');
      expect(code).toBe(0);
      await daemon.close();
    },
  );
});

/** One byte of another value; the size stays. */
async function changeDetector(bundle: string): Promise<void> {
  const path = join(bundle, 'detector.onnx');
  const bytes = await readFile(path);
  bytes[bytes.length >> 1] ^= 1;
  await writeFile(path, bytes);
}
