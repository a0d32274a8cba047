import { execFile } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import installer from '@ffmpeg-installer/ffmpeg';
import { afterAll, describe, expect, it } from 'vitest';
import {
  atLeast,
  environmentOf,
  findFfmpeg,
  parseVersion,
  warningOf,
} from '../../../../src/line/camera/ffmpeg/ffmpeg.js';
import { describeFfmpeg } from '../../../../src/tools/doctor/ffmpeg.js';
import { folderWith } from '../../../fixtures/folder.js';

const folder = mkdtempSync(join(tmpdir(), 'kdad-ffmpeg-'));
afterAll(() => rmSync(folder, { recursive: true }));

function program(name: string, script: string): string {
  const path = join(folder, name);
  writeFileSync(path, `#!/bin/sh\n${script}\n`);
  chmodSync(path, 0o755);
  return path;
}

describe('finding ffmpeg', () => {
  const good = program('ffmpeg', 'echo ffmpeg version 6.1.2-custom');
  const broken = program('broken', 'echo no libc >&2; exit 127');

  it('takes the one that the configuration names, before the environment', async () => {
    const found = await findFfmpeg(good, { FFMPEG_PATH: broken, PATH: '' });
    expect(found).toEqual({ path: good, version: { major: 6, minor: 1 }, source: 'the configuration' });
  });

  it('takes FFMPEG_PATH before the PATH', async () => {
    const found = await findFfmpeg(undefined, { FFMPEG_PATH: installer.path, PATH: folder });
    expect(found).toMatchObject({ path: installer.path, source: 'FFMPEG_PATH' });
  });

  it('takes the one on the PATH before those of the packages', async () => {
    const found = await findFfmpeg(undefined, { PATH: `${folder}:${process.env.PATH}` });
    expect(found).toMatchObject({ version: { major: 6, minor: 1 }, source: 'ffmpeg on the PATH' });
  });

  it('falls back to a package, which always has one', async () => {
    const found = await findFfmpeg(undefined, { PATH: '/nowhere' });
    expect(found.source).toMatch(/^(ffmpeg-static|@ffmpeg-installer\/ffmpeg)$/);
    expect(atLeast(found.version, 4)).toBe(true);
  });

  it('says what it tried when there is none, not even in a package', async () => {
    const root = fileURLToPath(new URL('../../../..', import.meta.url));
    const place = await folderWith({ 'package.json': '{ "type": "module" }' });
    for (const file of ['line/camera/ffmpeg/ffmpeg.js', 'common/errors.js'])
      await cp(join(root, 'dist', file), join(place, file));
    // Without the package for this platform, as where npm leaves optional ones out.
    const [from, to] = [root, place].map((folder) => join(folder, 'node_modules/@ffmpeg-installer/ffmpeg'));
    await cp(from, to, { recursive: true });
    const script = `const { findFfmpeg } = await import(${JSON.stringify(join(place, 'line/camera/ffmpeg/ffmpeg.js'))});
      await findFfmpeg(undefined, { PATH: '/nowhere' }).catch(({ code, message }) => console.log(code, message));`;
    const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '-e', script]);
    expect(stdout).toMatch(
      /^FFMPEG_MISSING no ffmpeg runs here\. .*PATH: no such program; ffmpeg-static: not .*; @ffmpeg-installer.*: Could not find/,
    );
  });

  it.each([
    ['does not exist', join(folder, 'none'), 'no such program'],
    ['may not be executed', folder, 'it may not be executed'],
    ['fails', broken, 'Command failed'],
    ['is another program', program('other', 'echo hello'), 'it does not answer -version as ffmpeg does'],
  ])('names the one asked for when it %s, and looks for no other', async (_, path, reason) => {
    const error = expect.objectContaining({ code: 'FFMPEG_MISSING' });
    await expect(findFfmpeg(path)).rejects.toEqual(error);
    await expect(findFfmpeg(path)).rejects.toThrow(`${path}, named by the configuration, is not`);
    await expect(findFfmpeg(undefined, { FFMPEG_PATH: path })).rejects.toThrow(`${path}, named by FFMPEG_PATH`);
    await expect(findFfmpeg(path)).rejects.toThrow(reason);
  });
});

describe('the version of an ffmpeg', () => {
  it.each([
    ['ffmpeg version 5.1.9-0+deb12u1 Copyright (c) 2000-2026', 5, 1],
    ['ffmpeg version n7.0.2 Copyright', 7, 0],
    ['ffmpeg version 4.4-static https://johnvansickle.com/ffmpeg/', 4, 4],
    ['ffmpeg version N-47683-g0e8eb07980-static\nlibavutil      56. 24.101 / 56. 24.101', 4, 1],
    ['ffmpeg version N-109542-gde8e6e67e7\nlibavutil      58.  3.100 / 58.  3.100', 6, 0],
    ['ffmpeg version 2026-01-07-git-af6a1dd0b2\nlibavutil      61.  1.100 / 61.  1.100', 8, 0],
    ['ffmpeg version git-2012-01-01', 0, 0],
  ])('%j is %i.%i', (output, major, minor) => {
    expect(parseVersion(output)).toEqual({ major, minor });
  });
});

describe('an ffmpeg that should not decode what cameras send', () => {
  it('is the old one of the package, and doctor says what to install', async () => {
    const packaged = await findFfmpeg(installer.path);
    expect(warningOf(packaged)?.advice).toMatch(/apt install ffmpeg/);
    expect(describeFfmpeg(packaged)).toMatchObject({ outcome: 'warning', found: expect.stringContaining('too old') });
  });

  it.each([
    [{ major: 0, minor: 0 }, true],
    [{ major: 4, minor: 1 }, true],
    [{ major: 4, minor: 2 }, false],
    [{ major: 5, minor: 1 }, false],
  ])('or not: %j', (version, old) => {
    const ffmpeg = { path: '/usr/bin/ffmpeg', version, source: 'a test' };
    expect(warningOf(ffmpeg) !== undefined).toBe(old);
    expect(describeFfmpeg(ffmpeg).outcome).toBe(old ? 'warning' : 'ok');
  });
});

it("ffmpeg gets of the environment what it needs, and none of the daemon's secrets", () => {
  const needed = {
    PATH: '/bin',
    HOME: '/root',
    LD_LIBRARY_PATH: '/lib',
    LIBVA_DRIVER_NAME: 'iHD',
    CUDA_VISIBLE_DEVICES: '0',
  };
  const secrets = { MQTT_PASSWORD: 'a', CAMERA_TOKEN: 'b', FFREPORT: 'file=/tmp/log', http_proxy: 'http://u:p@h' };
  expect(environmentOf({ ...needed, ...secrets })).toEqual(needed);
});
