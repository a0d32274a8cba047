import { mkdtemp, readdir, stat, writeFile } from 'node:fs/promises';
import { createConnection } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { type CommandRequest, Controller } from '../../../src/line/control/controller.js';
import { askDaemon, LocalSocket, socketIn } from '../../../src/line/control/local-socket.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'kdad-socket-'));
});

/** A daemon of one camera, that notes what it is asked. */
async function listening() {
  const asked: CommandRequest[] = [];
  const actions = { status: async () => ({ well: true }) };
  const controller = new Controller({ actions: actions as never, cameras: () => ['line'], onOutcome: () => {} });
  const socket = new LocalSocket(folder, (request) => {
    asked.push(request);
    return controller.handle(request);
  });
  await socket.start();
  onTestFinished(() => socket.stop());
  return { socket, asked };
}

describe('the socket of a daemon', () => {
  it('takes a command, and gives back its result or its error', async () => {
    await listening();
    expect(await askDaemon(folder, { name: 'status' })).toEqual({ well: true });
    await expect(askDaemon(folder, { name: 'calibrate', camera: 'attic' })).rejects.toMatchObject({
      code: 'COMMAND_INVALID',
      message: expect.stringContaining('no camera attic; there are line'),
    });
  });

  it('may be written to by its owner alone', async () => {
    const mask = process.umask(0o027);
    onTestFinished(() => void process.umask(mask));
    await listening();
    expect((await stat(socketIn(folder))).mode & 0o022).toBe(0);
  });

  it('takes the place of one that a killed daemon has left, and goes when it stops', async () => {
    await writeFile(socketIn(folder), '');
    const { socket } = await listening();
    expect(await askDaemon(folder, { name: 'status' })).toEqual({ well: true });
    await socket.stop();
    expect(await readdir(folder)).toEqual([]);
    await expect(askDaemon(folder, { name: 'status' })).rejects.toMatchObject({ code: 'DAEMON_UNREACHABLE' });
  });

  it('does not care for whoever sends nonsense, too much, or nothing', async () => {
    const { asked } = await listening();
    const send = (text: string) =>
      new Promise<string>((resolve) => {
        let reply = '';
        const socket = createConnection(socketIn(folder), () => socket.end(text));
        socket.on('data', (chunk) => {
          reply += chunk;
        });
        socket.on('error', () => {});
        socket.on('close', () => resolve(reply));
      });
    expect(JSON.parse(await send('no JSON'))).toMatchObject({ ok: false, error: { code: 'COMMAND_INVALID' } });
    expect(JSON.parse(await send(''))).toMatchObject({ ok: false });
    expect(await send('x'.repeat(1e6))).toBe('');
    expect(asked).toHaveLength(2);
    expect(await askDaemon(folder, { name: 'status' })).toEqual({ well: true });
  });

  it('is not there where its path is too long for one', async () => {
    const socket = new LocalSocket(join(folder, 'a'.repeat(100)), async () => ({ command: '', ok: true }));
    await expect(socket.start()).rejects.toMatchObject({ code: 'STATE_UNUSABLE' });
  });
});
