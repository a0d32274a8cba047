import { once } from 'node:events';
import { chmod, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { closeEntries } from '../../../src/line/state/close-to-others.js';
import { aedesBroker } from '../../fixtures/brokers.js';
import { startDaemon, until } from '../../fixtures/daemon.js';
import { folderWith } from '../../fixtures/folder.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

const modeOf = async (path: string): Promise<number> => (await stat(path)).mode & 0o7777;

describe('what an earlier run left open', () => {
  it('is closed to others, and to writers of the group, and nothing else changes', async () => {
    const folder = await folderWith({ 'a/b': '', c: '', d: '' });
    for (const [name, mode] of Object.entries({ a: 0o2777, 'a/b': 0o644, c: 0o666, d: 0o600 })) {
      await chmod(join(folder, name), mode);
    }
    await symlink('nowhere', join(folder, 'e'));
    await closeEntries(folder, ['a', 'c', 'd', 'e', 'f']);
    const modes = await Promise.all(['a', 'a/b', 'c', 'd'].map((name) => modeOf(join(folder, name))));
    expect(modes).toEqual([0o2750, 0o644, 0o640, 0o600]);
  });
});

it('the daemon keeps its state to its user and group, however open the files are that it begins with', async () => {
  const folder = await folderWith();
  const { bundle, data } = await tinyBundle();
  const broker = await aedesBroker();
  await broker.start();
  const state = join(folder, 'closed/state');
  await mkdir(join(state, 'evidence'), { recursive: true });
  await writeFile(join(state, 'overrides.json'), '{}');
  await chmod(join(state, 'evidence'), 0o777);
  const before = process.umask(0);
  const daemon = await startDaemon(
    'closed',
    `model: ${bundle}
cameras: [{ name: line, fps: 4, source: { kind: folder, path: ${join(data, 'test/blot')}, loop: true } }]
alert: { open: { k: 1, n: 1 } }
evidence: { minFree: 0 }
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: closed, version: "3.1.1", commands: true }
http: { port: 0 }
`,
    { folder, brokerPort: broker.port },
  ).finally(() => process.umask(before));
  const files = async () => (await readdir(state, { recursive: true })) as string[];
  await until(async () => (await files()).some((name) => name.endsWith('alert.json')), daemon.log);
  daemon.process.kill('SIGTERM');
  await once(daemon.process, 'exit');
  const kept = await files();
  expect(kept).toEqual(expect.arrayContaining(['evidence', 'outbox', 'overrides.json']));
  for (const name of kept) expect((await modeOf(join(state, name))) & 0o027, name).toBe(0);
  await daemon.close();
  await broker.stop();
});
