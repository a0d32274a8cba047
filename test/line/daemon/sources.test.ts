import { execFileSync, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { aedesBroker, type Broker } from '../../fixtures/brokers.js';
import { descendants, makeVideo, type RunningDaemon, startDaemon, until } from '../../fixtures/daemon.js';
import { writePrograms } from '../../fixtures/programs.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

/** Milliseconds: a machine may be busy. */
const PATIENCE = 120_000;

let folder: string;
let broker: Broker;
let bundle: string;
beforeAll(async () => {
  ({ bundle } = await tinyBundle());
  folder = join(inject('shared'), 'sources');
  await mkdir(folder, { recursive: true });
  broker = await aedesBroker();
  await broker.start();
  await makeVideo(join(folder, 'part.avi'), { good: 12, bad: 0 });
});
afterAll(() => broker.stop());

const yaml = (name: string, cameras: readonly string[]) => `
model: ${bundle}
cameras:
${cameras.map((camera) => `  - ${camera}`).join('\n')}
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: ${name}, version: "3.1.1" }
http: { port: 0 }
`;
const well = '{ name: well, source: { kind: file, path: ../part.avi, loop: true } }';

/** What a camera's state on the broker says last. */
const stateOf = ({ on }: RunningDaemon, camera: string) =>
  JSON.parse(on(`cameras/${camera}/state`).at(-1)?.payload.toString() ?? '{}');

/** The other camera is live, and more of its frames are judged than at first. */
async function othersGoOn(daemon: RunningDaemon) {
  const judged = async () =>
    (await daemon.metrics()).get('kdad_frames_judged_total{camera="well",verdict="good"}') ?? 0;
  const before = await judged();
  await until(async () => (await judged()) > before, daemon.log, PATIENCE);
}

async function stop(daemon: RunningDaemon) {
  daemon.process.kill('SIGTERM');
  const [code] = await once(daemon.process, 'exit');
  expect(code, daemon.log()).toBe(0);
  await daemon.close();
}

/** A black bitmap of one bit a pixel. */
function bitmap(width: number, height: number): Buffer {
  const file = Buffer.alloc(62 + height * 4 * Math.ceil(width / 32));
  file.write('BM');
  const numbers = { 10: 62, 14: 40, 18: width, 22: height, 46: 2 };
  for (const [offset, value] of Object.entries(numbers)) file.writeUInt32LE(value, Number(offset));
  file.writeUInt16LE(1, 28);
  return file;
}

describe('a camera whose source is bad', () => {
  it('is lost, whatever its folder holds, and the others are watched', async () => {
    const pictures = async (name: string, files: Readonly<Record<string, Uint8Array | string>>) => {
      await mkdir(join(folder, name), { recursive: true });
      for (const [file, data] of Object.entries(files)) await writeFile(join(folder, name, file), data);
    };
    await pictures('broken', { 'a.png': 'no picture', 'b.jpg': '', 'c.tif': 'II*\0' });
    await pictures('empty', {});
    await pictures('giant', { 'a.bmp': bitmap(33_000_000, 3) });
    await writeFile(join(folder, 'file'), '');
    await symlink('circle', join(folder, 'circle'));
    const bad = ['broken', 'empty', 'giant', 'file', 'file/below', 'circle', 'missing', 'n'.repeat(300)];
    const cameras = bad.map((path, i) => `{ name: bad-${i}, source: { kind: folder, path: ../${path}, loop: true } }`);
    const daemon = await startDaemon('folders', yaml('folders', [...cameras, well]), {
      folder,
      brokerPort: broker.port,
    });
    await until(() => bad.every((_, i) => stateOf(daemon, `bad-${i}`).state === 'lost'), daemon.log, PATIENCE);
    for (const [i, path] of bad.entries())
      expect(stateOf(daemon, `bad-${i}`).reason, path).toContain(join(folder, path));
    await othersGoOn(daemon);
    await stop(daemon);
  }, 300_000);

  it('is lost while its ffmpeg cannot be run, and comes back', async () => {
    const name = join(folder, 'own-ffmpeg');
    await writePrograms(folder, { 'own-ffmpeg': 'exec ffmpeg "$@"' });
    const text = `${yaml('program', [well])}ffmpeg: ${name}\n`;
    const daemon = await startDaemon('program', text, { folder, brokerPort: broker.port });
    await until(() => stateOf(daemon, 'well').state === 'live', daemon.log, PATIENCE);
    await rename(name, `${name}.away`);
    await writeFile(name, 'no program');
    await chmod(name, 0o644);
    await writeFile(join(folder, 'program/kdad-edge.yaml'), text.replace('loop: true }', 'loop: true }, rotate: 180'));
    daemon.process.kill('SIGHUP');
    await until(() => stateOf(daemon, 'well').state === 'lost', daemon.log, PATIENCE);
    expect(stateOf(daemon, 'well').reason).toMatch(/^ffmpeg cannot be run: .*EACCES/);
    await rename(`${name}.away`, name);
    await until(() => stateOf(daemon, 'well').state === 'live', daemon.log, PATIENCE);
    await stop(daemon);
  }, 300_000);

  const limits = spawnSync('prlimit', ['--version']).status === 0;
  it.skipIf(!limits)(
    'is lost while the process has no file descriptor left, as is the detector, and both come back',
    async () => {
      const daemon = await startDaemon('files', yaml('files', [well]), { folder, brokerPort: broker.port });
      const limit = (files: number) =>
        execFileSync('prlimit', ['--pid', String(daemon.process.pid), `--nofile=${files}:4096`]);
      const text = yaml('files', [well, '{ name: late, source: { kind: file, path: ../part.avi, loop: true } }']);
      await until(() => stateOf(daemon, 'well').state === 'live', daemon.log, PATIENCE);
      await writeFile(join(folder, 'files/kdad-edge.yaml'), text);
      daemon.process.kill('SIGHUP');
      await until(() => stateOf(daemon, 'late').state === 'live', daemon.log, PATIENCE);
      // Every number below is taken: no more than these can be opened.
      limit(16);
      const children = await descendants(daemon.process.pid as number);
      for (const program of [/ffmpeg.*part\.avi/, /inference-main/])
        process.kill(children.find(({ command }) => program.test(command))?.pid as number, 'SIGKILL');
      await until(() => /cannot be run: .*EMFILE/.test(daemon.log()), daemon.log, PATIENCE);
      await until(() => /inference process cannot be reached: .*EMFILE/.test(daemon.log()), daemon.log, PATIENCE);
      limit(4096);
      await until(() => ['well', 'late'].every((name) => stateOf(daemon, name).state === 'live'), daemon.log, PATIENCE);
      await othersGoOn(daemon);
      await stop(daemon);
    },
    90_000,
  );
});
