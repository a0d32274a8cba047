import { spawnSync } from 'node:child_process';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../fixtures/folder.js';

const script = fileURLToPath(new URL('../../systemd/install.sh', import.meta.url));
const example = fileURLToPath(new URL('../../config/kdad-edge.yaml', import.meta.url));

const able = process.getuid?.() === 0 && spawnSync('systemd-sysusers', ['--version']).status === 0;
if (!able) console.warn('skipped: systemd-sysusers is not installed, or the tests do not run as root');

const isThere = (path: string): Promise<boolean> =>
  stat(path).then(
    () => true,
    () => false,
  );

/** A folder to install in, with a kdad-edge that writes down how it was called. */
async function machine() {
  const root = await folderWith({ 'usr/bin/kdad-edge': '#!/bin/sh\necho "$@" >>"$PWD/calls"\n' });
  const bin = join(root, 'usr/bin/kdad-edge');
  await chmod(bin, 0o755);
  const at = (path: string) => join(root, path);
  const run = (...options: string[]) => {
    const { status, stdout, stderr } = spawnSync(script, [...options, '--root', root], { encoding: 'utf8' });
    return { status, said: `${stdout}${stderr}` };
  };
  const install = () => expect(run('install', '--bin', bin)).toMatchObject({ status: 0 });
  const accounts = async () => (await isThere(at('etc/passwd'))) && (await readFile(at('etc/passwd'), 'utf8'));
  return { root, bin, at, run, install, accounts };
}

const units = ['etc/systemd/system/kdad-edge.service', 'etc/systemd/system/kdad-edge-train@.service'];

describe.skipIf(!able)('systemd/install.sh', () => {
  it('puts units, user, folders and a configuration in place', async () => {
    const { bin, at, install, accounts } = await machine();
    install();
    expect(await readFile(at(units[0]), 'utf8')).toContain(
      `\nExecStart=${bin} run --config /etc/kdad-edge/kdad-edge.yaml\n`,
    );
    expect(await accounts()).toMatch(/^kdad-edge:.*:\/var\/lib\/kdad-edge:.*nologin$/m);
    const user = Number(/^kdad-edge:x:(\d+):/m.exec((await accounts()) as string)?.[1]);
    for (const folder of ['var/lib/kdad-edge', 'var/lib/kdad-edge/models', 'var/lib/kdad-edge/pictures']) {
      expect(await stat(at(folder)), folder).toMatchObject({ uid: user, gid: user, mode: 0o40750 });
    }
    expect(await stat(at('etc/kdad-edge/kdad-edge.yaml'))).toMatchObject({ uid: 0, gid: user, mode: 0o100640 });
    expect(await readFile(at('etc/kdad-edge/kdad-edge.yaml'), 'utf8')).toBe(await readFile(example, 'utf8'));
  });

  it('may be run again, and leaves the configuration as it is then', async () => {
    const { at, install, accounts } = await machine();
    install();
    const before = await accounts();
    await writeFile(at('etc/kdad-edge/kdad-edge.yaml'), 'model: mine\n');
    install();
    expect(await readFile(at('etc/kdad-edge/kdad-edge.yaml'), 'utf8')).toBe('model: mine\n');
    expect(await accounts()).toBe(before);
  });

  it('takes units away, but keeps configuration and models', async () => {
    const { root, at, run, install, accounts } = await machine();
    install();
    await writeFile(at('var/lib/kdad-edge/models/one'), '');
    for (const _again of [1, 2]) {
      expect(run('uninstall')).toMatchObject({ status: 0 });
      for (const path of [...units, 'usr/lib/kdad-edge', 'usr/lib/sysusers.d/kdad-edge.conf']) {
        expect(await isThere(join(root, path)), path).toBe(false);
      }
      expect(await isThere(at('var/lib/kdad-edge/models/one'))).toBe(true);
      expect(await isThere(at('etc/kdad-edge/kdad-edge.yaml'))).toBe(true);
      expect(await accounts()).toMatch(/^kdad-edge:/m);
    }
  });

  it('takes everything away with --purge', async () => {
    const { at, run, install, accounts } = await machine();
    install();
    for (const _again of [1, 2]) {
      expect(run('uninstall', '--purge')).toMatchObject({ status: 0 });
      for (const path of ['etc/kdad-edge', 'var/lib/kdad-edge']) expect(await isThere(at(path)), path).toBe(false);
      expect(await accounts()).not.toMatch(/^kdad-edge:/m);
    }
    expect(await readdir(at('etc/systemd/system'))).toEqual([]);
  });

  it.each([
    [['instal'], /^usage: install\.sh install/],
    [['install', '--bin', '/nowhere/kdad-edge'], /--bin \/nowhere\/kdad-edge: expected a program/],
    [['install', '--prefix', '/'], /unknown option --prefix; see --help/],
  ])('refuses %j', async (options, message) => {
    const { root, run, at } = await machine();
    const { status, said } = run(...options);
    expect(status, root).toBe(2);
    expect(said).toMatch(message);
    expect(await isThere(at('etc/systemd'))).toBe(false);
  });

  /** Runs the training as its unit would. @returns how kdad-edge was called */
  async function train({ at, install }: Awaited<ReturnType<typeof machine>>, folders: readonly string[]) {
    install();
    const state = at('var/lib/kdad-edge');
    for (const folder of folders) await mkdir(join(state, folder), { recursive: true });
    const { status, stdout } = spawnSync(at('usr/lib/kdad-edge/train'), ['washer'], { cwd: state, encoding: 'utf8' });
    expect(status).toBe(0);
    const calls = (await readFile(join(state, 'calls'), 'utf8'))
      .trim()
      .replaceAll(/\d{8}T\d{6}Z/g, '<time>')
      .split('\n');
    return { calls, stdout };
  }

  it('leaves a training that makes a new version of the model, and verifies it', async () => {
    const { calls, stdout } = await train(await machine(), ['pictures/washer/images']);
    expect(calls).toEqual([
      'train --data pictures/washer/images --out models/washer/<time>',
      'models verify models/washer/<time>',
    ]);
    expect(stdout).toMatch(/kdad-edge models activate \/.*\/models\/washer \d{8}T\d{6}Z/);
  });

  it('leaves a training that puts the new version to use only where it can be compared', async () => {
    const { calls } = await train(await machine(), ['pictures/washer', 'evaluation/washer']);
    expect(calls).toEqual([
      'train --data pictures/washer --out models/washer/<time> --activate --evaluate evaluation/washer',
    ]);
  });
});
