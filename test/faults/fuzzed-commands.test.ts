import { cp, mkdir, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { beforeAll, expect, inject, it, onTestFinished } from 'vitest';
import { activate } from '../../src/method/bundle/store.js';
import { hasMosquitto, mosquittoBroker } from '../fixtures/brokers.js';
import { makeVideo, startDaemon, total, until } from '../fixtures/daemon.js';
import { requester } from '../fixtures/requester.js';
import { tinyBundle } from '../fixtures/tiny-bundle.js';
import { length } from './length.js';

const COMMANDS = length(2000, 100);

let folder: string;
let store: string;
beforeAll(async () => {
  const { bundle } = await tinyBundle();
  folder = join(inject('shared'), 'fuzzed-commands');
  store = join(folder, 'models/blots');
  await mkdir(folder, { recursive: true });
  await cp(bundle, join(store, '1'), { recursive: true });
  await activate(store, '1');
  await makeVideo(join(folder, 'part.avi'), { good: 5, bad: 5 });
});

it.skipIf(!hasMosquitto)(
  `${COMMANDS} commands of any kind get exactly one reply each; the daemon lives on, and writes nothing but its state`,
  async () => {
    const broker = await mosquittoBroker();
    await broker.start();
    onTestFinished(() => broker.stop());
    const requests = await requester(broker.port);
    onTestFinished(() => requests.close());
    const daemon = await startDaemon(
      'fuzzed',
      `model: ${store}
cameras: [{ name: line, source: { kind: file, path: ../part.avi, loop: true } }]
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: fuzzed, commands: true }
http: { port: 0 }
`,
      { folder, brokerPort: broker.port },
    );
    await until(() => /"camera live"/.test(daemon.log()), daemon.log);
    await sleep(300);
    const files = async () =>
      (await readdir(folder, { recursive: true })).filter((path) => !path.startsWith('fuzzed/state')).sort();
    const manifest = await readFile(join(store, '1/manifest.json'));
    const before = await files();
    const level = fc.string({ maxLength: 20 }).map((text) => text.replace(/[+#/]/g, '-'));
    const name = fc.oneof(fc.constantFrom('status', 'activate', 'trigger', 'threshold', 'mute', 'unmute'), level);
    const topic = fc.oneof(
      name.map((command) => `fuzzed/command/${command}`),
      fc
        .tuple(fc.oneof(fc.constant('line'), level), name)
        .map(([camera, command]) => `fuzzed/cameras/${camera}/command/${command}`),
    );
    const path = fc.constantFrom('../../etc/passwd', '/etc/passwd', '..', '.', 'current', '1/../2', '\0', '1 ');
    const keys = fc.constantFrom('threshold', 'duration', 'timeout', 'version', 'requestId', '__proto__');
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 5000 }).map((bytes) => Buffer.from(bytes)),
      fc.dictionary(keys, fc.oneof(path, fc.constantFrom('1ms', '50ms', -1, 0, 0.5, null), fc.jsonValue())),
    );
    let sent = 0;
    await fc.assert(
      fc.asyncProperty(topic, payload, async (to, what) => {
        const reply = await requests.request(to, what);
        sent++;
        expect(reply).toMatchObject({ command: expect.any(String), ok: expect.any(Boolean) });
      }),
      { numRuns: COMMANDS },
    );
    await sleep(500);
    expect(sent).toBeGreaterThanOrEqual(COMMANDS);
    expect([...requests.replies.values()].filter((replies) => replies.length !== 1)).toEqual([]);
    expect(await files()).toEqual(before);
    expect(await readFile(join(store, '1/manifest.json'))).toEqual(manifest);
    expect(daemon.process.exitCode).toBeNull();
    const metrics = await daemon.metrics();
    expect(total(metrics, 'kdad_commands_total')).toBe(sent);
    expect((await requests.request('fuzzed/cameras/line/command/trigger', {})).ok).toBe(true);
    await daemon.close();
  },
  60_000 + 500 * COMMANDS,
);
