import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { main } from '../fixtures/command-line.js';
import { folderWith } from '../fixtures/folder.js';

const folder = fileURLToPath(new URL('../../systemd/', import.meta.url));
const analyze = (...options: string[]) => spawnSync('systemd-analyze', options, { encoding: 'utf8' });

const missing = analyze('--version').error;
if (missing) console.warn('skipped: systemd-analyze is not installed, which checks the units');

describe.skipIf(missing).each(['kdad-edge.service', 'kdad-edge-train@.service'])('%s', (name) => {
  it('is a unit that systemd understands whole', async () => {
    const unit = await readFile(join(folder, name), 'utf8');
    // As after an installation: what it runs is there.
    const installed = unit
      .replace('/usr/bin/kdad-edge', main)
      .replace('/usr/lib/kdad-edge/train', join(folder, 'train'));
    const { status, stdout, stderr } = analyze('verify', join(await folderWith({ [name]: installed }), name));
    expect(`${stdout}${stderr}`).toBe('');
    expect(status).toBe(0);
  });

  it('waits for the clock where something sets it', async () => {
    const unit = await readFile(join(folder, name), 'utf8');
    for (const key of ['Wants', 'After']) expect(unit).toMatch(new RegExp(`^${key}=(.* )?time-sync\\.target$`, 'm'));
  });

  it('takes so much memory and so many tasks, and no more', async () => {
    const unit = await readFile(join(folder, name), 'utf8');
    expect(unit).toMatch(/^MemoryMax=75%$/m);
    // Fifty ffmpegs on a large processor have 50 threads each.
    const tasks = Number(/^TasksMax=(\d+)$/m.exec(unit)?.[1]);
    expect(tasks).toBeGreaterThanOrEqual(name === 'kdad-edge.service' ? 50 * 50 : 500);
    expect(tasks).toBeLessThan(10_000);
  });

  it('exposes at most 2 of 10 to a daemon that was taken over', () => {
    const { status, stdout } = analyze('security', '--offline=true', '--threshold=20', join(folder, name));
    expect(status, stdout).toBe(0);
  });

  it('lets devices of cameras and processors through, and writes to its state alone', async () => {
    const unit = await readFile(join(folder, name), 'utf8');
    const devices = [...unit.matchAll(/^DeviceAllow=char-(\S+) rw$/gm)].map(([, device]) => device);
    expect(devices).toEqual(expect.arrayContaining(['drm', 'nvidia', 'nvhost', 'nvmap']));
    if (name === 'kdad-edge.service') expect(devices).toContain('video4linux');
    expect(unit).toMatch(/^ProtectSystem=strict$/m);
    expect(unit).toMatch(/^StateDirectory=kdad-edge$/m);
    expect(unit).not.toMatch(/^ReadWritePaths=/m);
  });
});
