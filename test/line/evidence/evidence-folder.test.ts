import { chmod, chown, mkdir, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { BelievedClock } from '../../../src/common/clock.js';
import { EvidenceFolder, type EvidenceLimits } from '../../../src/line/evidence/evidence-folder.js';
import { folderWith } from '../../fixtures/folder.js';

/** The user of that name, on Debian and others. */
const NOBODY = 65_534;
const DAY = 24 * 3600 * 1000;
const NOW = Date.parse('2026-05-04T12:30:00.250Z');
const limits: EvidenceLimits = { maxAge: 30 * DAY, maxSize: 10_000, minFree: 0 };

async function folder(changes: Partial<EvidenceLimits> = {}, root?: string, clock?: Pick<BelievedClock, 'now'>) {
  const path = root ?? join(await folderWith(), 'evidence');
  const evidence = new EvidenceFolder(path, { ...limits, ...changes }, () => {}, clock);
  await evidence.start();
  return { path, evidence };
}
const alert = (id: string, openedAt = NOW, bytes = 1000) => ({
  id,
  camera: 'line-1',
  openedAt,
  files: { 'alert.json': '{}', 'overlay.jpg': new Uint8Array(bytes - 2) },
});

describe('the evidence folder', () => {
  it('has a folder for each alert, named by its camera and time', async () => {
    const { path, evidence } = await folder();
    const written = await evidence.save(alert('a1'));
    expect(written).toBe(join(path, 'line-1', '2026-05-04T12-30-00.250Z-a1'));
    expect((await readdir(written as string)).sort()).toEqual(['alert.json', 'overlay.jpg']);
  });

  it('replaces the files of an alert that has become worse', async () => {
    const { evidence } = await folder();
    await evidence.save(alert('a1'));
    const written = await evidence.save({ ...alert('a1'), files: { 'alert.json': '{"event":"closed"}' } });
    expect(await readFile(join(written as string, 'alert.json'), 'utf8')).toBe('{"event":"closed"}');
    expect(await readdir(written as string)).toEqual(['alert.json']);
    expect(evidence.count).toBe(1);
    expect(evidence.size).toBe(18);
  });

  it('takes the oldest away when it grows too large or too old, also what an earlier run left', async () => {
    const { path, evidence } = await folder({ maxSize: 3500 });
    for (let i = 0; i < 5; i++) await evidence.save(alert(`a${i}`, NOW + i));
    const left = async () => (await readdir(join(path, 'line-1'))).map((name) => name.slice(-2)).sort();
    expect(await left()).toEqual(['a2', 'a3', 'a4']);
    // A clock that jumps makes nothing old: it has to go evenly for a while first.
    let time: number | undefined;
    const later = await folder({ maxAge: DAY }, path, { now: () => time });
    expect(later.evidence.count).toBe(3);
    time = NOW + 2 * DAY;
    await later.evidence.changeLimits({ ...limits, maxAge: DAY });
    expect(later.evidence.count).toBe(0);
    expect(await left()).toEqual([]);
  });

  it('takes what was written first for the oldest, also when the clock was set back', async () => {
    const { path, evidence } = await folder({ maxSize: 2500 });
    for (const [i, time] of [NOW, NOW + 1, NOW - DAY, NOW - DAY + 1].entries()) {
      await evidence.save(alert(`a${i}`, time));
    }
    expect((await readdir(join(path, 'line-1'))).map((name) => name.slice(-2)).sort()).toEqual(['a2', 'a3']);
  });

  it('makes room at once when its limits become narrower', async () => {
    const { evidence } = await folder();
    for (const [i, id] of ['a', 'b', 'c'].entries()) await evidence.save(alert(id, NOW + i));
    await evidence.changeLimits({ ...limits, maxAge: 1e15, maxSize: 2500 });
    expect(evidence.count).toBe(2);
  });

  it('writes nothing when the disk is nearly full, having made what room it could', async () => {
    const { path, evidence } = await folder();
    await evidence.save(alert('a1'));
    const full = await folder({ minFree: Number.MAX_SAFE_INTEGER }, path);
    expect(await full.evidence.save(alert('a2', NOW + 1))).toBeUndefined();
    expect(full.evidence.count).toBe(0);
  });

  it('never grows beyond its limit, and keeps the newest that fit', async () => {
    const { path, evidence } = await folder({ maxSize: 3000 });
    let newest = NOW;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 10, max: 3500 }), async (bytes) => {
        newest += 1000;
        const written = await evidence.save(alert(`n${newest}`, newest, bytes));
        expect(written !== undefined).toBe(bytes <= 3000);
        expect(evidence.size).toBeLessThanOrEqual(3000);
      }),
      { numRuns: 60 },
    );
    const names = await readdir(join(path, 'line-1'));
    expect(names.length).toBe(evidence.count);
  });

  it('leaves alone what it may not read, and works: lost+found of root, say', async () => {
    const path = join(await folderWith(), 'evidence');
    await mkdir(join(path, 'lost+found'), { recursive: true });
    await mkdir(join(path, 'line-1/2026-05-04T12-30-00.000Z-broken'), { recursive: true });
    await symlink('/none', join(path, 'line-1/2026-05-04T12-30-00.000Z-broken/frame.png'));
    await chmod(join(path, 'lost+found'), 0);
    const asSomebody = process.geteuid?.() === 0;
    if (asSomebody) {
      await chown(join(path, 'line-1'), NOBODY, NOBODY);
      await chmod(join(path, '..'), 0o777);
      process.seteuid?.(NOBODY);
    }
    onTestFinished(() => {
      if (asSomebody) process.seteuid?.(0);
    });
    const unreadable: string[] = [];
    const evidence = new EvidenceFolder(path, limits, (reason) => unreadable.push(reason));
    await evidence.start();
    expect(unreadable.sort()).toEqual([
      expect.stringMatching(/^EACCES: permission denied, scandir '.*lost\+found'$/),
      expect.stringMatching(/^ENOENT: .*frame\.png'$/),
    ]);
    expect(await readdir((await evidence.save(alert('a1'))) as string)).toHaveLength(2);
    expect(evidence.count).toBe(1);
  });

  it('sets aside a file that takes its place meanwhile', async () => {
    const { path, evidence } = await folder();
    await rm(path, { recursive: true });
    await writeFile(path, 'a file');
    expect(await evidence.save(alert('a1'))).toContain('a1');
    expect(await readdir(join(path, 'line-1'))).toHaveLength(1);
  });

  it('sets aside a file in its place', async () => {
    const root = await folderWith({ evidence: 'a file' });
    const unreadable: string[] = [];
    const evidence = new EvidenceFolder(join(root, 'evidence'), limits, (reason) => unreadable.push(reason));
    await evidence.start();
    expect(unreadable).toEqual([expect.stringMatching(/EEXIST.*; it is now .*evidence\.damaged-/)]);
    await evidence.save(alert('a1'));
    expect((await readdir(root)).sort()).toEqual(['evidence', expect.stringMatching(/^evidence\.damaged-/)]);
  });
});
