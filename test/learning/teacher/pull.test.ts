import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pullable, pullTeacher } from '../../../src/learning/teacher/pull.js';
import { listTeachers } from '../../../src/learning/teacher/store.js';
import { foldBatchNorm, initialiseStudent } from '../../../src/method/model/parameters.js';
import { readSafetensors, writeSafetensors } from '../../../src/method/weights/safetensors.js';
import { folderWith } from '../../fixtures/folder.js';

const published = writeSafetensors(initialiseStudent(1));
const changed = writeSafetensors(initialiseStudent(2));
const sha256 = (bytes: Uint8Array) => createHash('sha256').update(bytes).digest('hex');
const NAME = 'resnet18.tv_in1k';
const PATH = `/timm/${NAME}/resolve/main/model.safetensors`;

/** A hub on this machine. */
async function hub(listener: RequestListener): Promise<string> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Sends these bytes for the one address there is, by way of another one, as the real hub does. */
const publishing =
  (bytes: () => Uint8Array): RequestListener =>
  (request, response) => {
    if (request.url === PATH) response.writeHead(302, { location: '/cdn' }).end();
    else if (request.url === '/cdn') response.writeHead(200, { 'content-length': bytes().length }).end(bytes());
    else response.writeHead(404).end();
  };

async function emptyStore() {
  const teachers = join(await folderWith(), 'teachers');
  return { teachers, environment: { KDAD_EDGE_TEACHERS: teachers } };
}

describe('a teacher that is pulled', () => {
  it.each(pullable)('is kept folded under its name, with its address and SHA-256: %s', async (name) => {
    const base = await hub((request, response) => {
      response.writeHead(request.url === `/timm/${name}/resolve/main/model.safetensors` ? 200 : 404).end(published);
    });
    const { environment } = await emptyStore();
    const pulled = await pullTeacher(name, { environment, hub: base });
    expect(await listTeachers(environment)).toContainEqual(pulled);
    const { weights, metadata } = readSafetensors(await readFile(pulled.path), 'kept');
    expect(sha256(writeSafetensors(weights))).toBe(sha256(writeSafetensors(foldBatchNorm(initialiseStudent(1)))));
    const address = `${base}/timm/${name}/resolve/main/model.safetensors`;
    expect(metadata).toEqual({ origin: address, sha256: sha256(published) });
  });

  it('is fetched with progress, up to the whole', async () => {
    const { environment } = await emptyStore();
    const progress: [number, number | undefined][] = [];
    const base = await hub(publishing(() => published));
    await pullTeacher(NAME, { environment, hub: base, onProgress: (...now) => progress.push(now) });
    expect(progress.length).toBeGreaterThan(1);
    expect(progress.map(([received]) => received)).toEqual(
      progress.map(([received]) => received).sort((a, b) => a - b),
    );
    expect(progress.at(-1)).toEqual([published.length, published.length]);
  });

  it('is not fetched when it is there, unless it is to be replaced', async () => {
    const { environment } = await emptyStore();
    let requests = 0;
    const base = await hub((request, response) => {
      requests++;
      publishing(() => published)(request, response);
    });
    const first = await pullTeacher(NAME, { environment, hub: base });
    const before = requests;
    await expect(pullTeacher(NAME, { environment, hub: base })).rejects.toMatchObject({ code: 'USAGE' });
    expect(requests).toBe(before);
    expect(await pullTeacher(NAME, { environment, hub: base, replace: true })).toEqual(first);
    expect(requests).toBeGreaterThan(before);
  });

  it('has to be what it was at the first download', async () => {
    const { environment, teachers } = await emptyStore();
    let bytes = published;
    const base = await hub(publishing(() => bytes));
    const { path } = await pullTeacher(NAME, { environment, hub: base });
    const [files, kept] = [await readdir(teachers), await readFile(path)];
    bytes = changed;
    const again = pullTeacher(NAME, { environment, hub: base, replace: true });
    await expect(again).rejects.toMatchObject({
      code: 'WEIGHTS_INVALID',
      message: expect.stringMatching(new RegExp(`${sha256(changed)}.*${sha256(published)}.*Nothing was changed`)),
    });
    expect(await readdir(teachers)).toEqual(files);
    expect(Buffer.compare(await readFile(path), kept)).toBe(0);
  });

  it('is not fetched when the record of the first download is damaged', async () => {
    const { environment, teachers } = await emptyStore();
    const base = await hub(publishing(() => published));
    await pullTeacher(NAME, { environment, hub: base });
    await writeFile(join(teachers, `${NAME}.first-download.json`), '{"sha256":"short"}');
    await expect(pullTeacher(NAME, { environment, hub: base, replace: true })).rejects.toMatchObject({
      code: 'WEIGHTS_INVALID',
      message: expect.stringContaining(`${NAME}.first-download.json: damaged`),
    });
  });

  it('is one of the two', async () => {
    const { environment } = await emptyStore();
    await expect(pullTeacher('resnet50.tv_in1k', { environment })).rejects.toMatchObject({
      code: 'USAGE',
      message: expect.stringContaining('resnet18.tv_in1k or resnet18.a1_in1k'),
    });
  });
});

describe('a pull that fails', () => {
  const half = published.subarray(0, published.length / 2);
  it.each<[string, RequestListener, string, string]>([
    ['the server has no such file', (_, response) => void response.writeHead(404).end('no'), 'DOWNLOAD_FAILED', '404'],
    [
      'the connection breaks',
      (_, response) => {
        response.writeHead(200, { 'content-length': published.length });
        response.write(half, () => response.destroy());
      },
      'DOWNLOAD_FAILED',
      'terminated',
    ],
    [
      'nothing more comes',
      (_, response) => void response.writeHead(200, { 'content-length': published.length }).write(half),
      'DOWNLOAD_FAILED',
      'nothing came for 0.3 s',
    ],
    ['nothing comes at all', () => {}, 'DOWNLOAD_FAILED', 'nothing came for 0.3 s'],
    [
      'the file is said to be too large',
      (_, response) => void response.writeHead(200, { 'content-length': 2 ** 40 }).write('x'),
      'DOWNLOAD_FAILED',
      'larger than 64 MiB',
    ],
    [
      'the file has no end',
      (_, response) => {
        const chunk = Buffer.alloc(2 ** 20);
        const more = () => {
          while (!response.destroyed && response.write(chunk));
          if (!response.destroyed) response.once('drain', more);
        };
        more();
      },
      'DOWNLOAD_FAILED',
      'larger than 64 MiB',
    ],
    ['it is a page of a portal', (_, response) => void response.end('<html>Log in'), 'WEIGHTS_INVALID', 'safetensors'],
  ])('leaves nothing behind: %s', async (_what, listener, code, reason) => {
    const { environment, teachers } = await emptyStore();
    const base = await hub(listener);
    const error = await pullTeacher(NAME, { environment, hub: base, stallTimeout: 300 }).catch((caught) => caught);
    expect(error).toMatchObject({ code, message: expect.stringContaining(reason) });
    expect(error.message).toContain(`${base}${PATH}`);
    expect(existsSync(teachers)).toBe(false);
  });

  it('says how to go on without internet', async () => {
    const { environment } = await emptyStore();
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const nobody = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    server.close();
    await once(server, 'close');
    const error = await pullTeacher(NAME, { environment, hub: nobody }).catch((caught) => caught);
    expect(error).toMatchObject({ code: 'DOWNLOAD_FAILED', exitCode: 4 });
    expect(error.message).toContain(`${nobody}${PATH}: fetch failed (connect ECONNREFUSED`);
    expect(error.message).toContain(`kdad-edge teacher import FILE --name ${NAME}`);
  });

  it('ends at once when it is stopped, and ends the connection', async () => {
    const { environment, teachers } = await emptyStore();
    const stop = new AbortController();
    let closed: Promise<void> | undefined;
    const base = await hub((_, response) => {
      closed = new Promise((resolve) => response.once('close', resolve));
      response.writeHead(200, { 'content-length': published.length }).write(half);
    });
    const pulled = pullTeacher(NAME, { environment, hub: base, signal: stop.signal, onProgress: () => stop.abort() });
    await expect(pulled).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await closed;
    expect(existsSync(teachers)).toBe(false);
  });
});
