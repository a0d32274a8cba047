import { randomBytes } from 'node:crypto';
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import * as fc from 'fast-check';
import { describe, expect, inject, it, vi } from 'vitest';
import { steadyNow } from '../../../src/common/clock.js';
import { Outbox, type OutboxLimits, type OutboxMessage } from '../../../src/line/publish/outbox.js';
import type { Damage } from '../../../src/line/publish/outbox-store.js';
import { folderWith } from '../../fixtures/folder.js';

const limits: OutboxLimits = { messages: 1000, bytes: 1e6, age: 1e6 };
const message = (text: string, kind: OutboxMessage['kind'] = 'alert', madeAt = 0): OutboxMessage => ({
  kind,
  topic: 'box/alert',
  alert: text,
  madeAt,
  payload: Buffer.from(text),
});

async function opened(folder: string, changes: Partial<OutboxLimits> = {}) {
  const dropped: string[] = [];
  const damages: Damage[] = [];
  const onDrop = (kind: string, reason: string) => dropped.push(`${kind} ${reason}`);
  const outbox = new Outbox(folder, onDrop, { ...limits, ...changes }, (damage) => damages.push(damage));
  await outbox.start();
  return { outbox, dropped, damages };
}

const each = async (folder: string, names: RegExp, change: (path: string) => Promise<unknown>) =>
  Promise.all((await readdir(folder)).filter((name) => names.test(name)).map((name) => change(join(folder, name))));

async function replaceByFolder(path: string): Promise<void> {
  await rm(path);
  await mkdir(path);
}

/** Takes everything out, as the courier does. */
async function drain(outbox: Outbox): Promise<string[]> {
  const texts: string[] = [];
  for (let next = await outbox.first(); next; next = await outbox.first()) {
    texts.push(next.message.payload.toString());
    await outbox.done(next.key);
  }
  return texts;
}

describe('the outbox', () => {
  it('gives messages back in order, also after a restart, with all that belongs to them', async () => {
    const folder = await folderWith();
    const first = await opened(folder);
    for (const text of ['a', 'b', 'c']) await first.outbox.add(message(text, 'alert', 5), 5);
    await first.outbox.stop();
    const { outbox } = await opened(folder);
    expect(outbox.depth).toBe(3);
    expect((await outbox.first())?.message).toEqual(message('a', 'alert', 5));
    await outbox.add(message('d'), 5);
    expect(await drain(outbox)).toEqual(['a', 'b', 'c', 'd']);
    await outbox.stop();
  });

  it('keeps a message until it is said to be done', async () => {
    const { outbox } = await opened(await folderWith());
    await outbox.add(message('a'), 0);
    expect((await outbox.first())?.key).toBe((await outbox.first())?.key);
    expect(outbox.depth).toBe(1);
    await outbox.stop();
  });

  it('drops the oldest heatmaps first, then the oldest alerts, and what is too old', async () => {
    const { outbox, dropped } = await opened(await folderWith(), { messages: 3, age: 100 });
    await outbox.add(message('a1'), 0);
    await outbox.add(message('h1', 'heatmap'), 0);
    await outbox.add(message('a2'), 0);
    await outbox.add(message('h2', 'heatmap'), 0);
    await outbox.add(message('a3'), 0);
    await outbox.add(message('a4'), 0);
    expect(dropped).toEqual(['heatmap full', 'heatmap full', 'alert full']);
    await outbox.add(message('a5', 'alert', 200), 200);
    expect(dropped.slice(3)).toEqual(['alert old', 'alert old', 'alert old']);
    expect(await drain(outbox)).toEqual(['a5']);
    await outbox.stop();
  });

  it('takes nothing that an earlier run left for old: the clock may have been another one then', async () => {
    const folder = await folderWith();
    const first = await opened(folder, { age: 1e9 });
    await first.outbox.add(message('a', 'alert', -1e15), -1e15);
    await first.outbox.stop();
    const { outbox, dropped } = await opened(folder, { age: 1e9 });
    await outbox.add({ ...message('b'), madeAt: steadyNow() });
    expect(await drain(outbox)).toEqual(['a', 'b']);
    expect(dropped).toEqual([]);
    await outbox.stop();
  });

  it('names the folder that another daemon uses', async () => {
    const folder = await folderWith();
    const { outbox } = await opened(folder);
    await expect(opened(folder)).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: `${folder}: another kdad-edge run uses it`,
    });
    await outbox.stop();
  });

  it('passes over what is damaged, and counts it', async () => {
    const folder = await folderWith();
    const database = new ClassicLevel<string, Buffer>(folder, { valueEncoding: 'buffer' });
    await database.put('0000000000000000', Buffer.from('no message'));
    await database.close();
    const { outbox, dropped } = await opened(folder);
    await outbox.add(message('a'), 0);
    expect(await drain(outbox)).toEqual(['a']);
    expect(dropped).toEqual(['alert damaged']);
    await outbox.stop();
  });

  it.each([
    ['no message', '0000000000000001', 'nonsense'],
    ['a key that is no number', 'nonsense', '{"kind":"alert","topic":"a","alert":"b","madeAt":0}\n{}'],
    ['a topic that is none', '0000000000000001', '{"kind":"alert","topic":"a/#","alert":"b","madeAt":0}\n{}'],
    ['a topic that is empty', '0000000000000001', '{"kind":"alert","topic":"","alert":"b","madeAt":0}\n{}'],
    ['another kind', '0000000000000001', '{"kind":"bell","topic":"a","alert":"b","madeAt":0}\n{}'],
    ['nothing', '0000000000000001', ''],
  ])('passes over a record that is damaged (%s), between others that are sound', async (_, key, value) => {
    const folder = await folderWith();
    const first = await opened(folder);
    await first.outbox.add(message('a'), 0);
    await first.outbox.stop();
    const database = new ClassicLevel<string, Buffer>(folder, { valueEncoding: 'buffer' });
    await database.put(key, Buffer.from(value));
    await database.close();
    const { outbox, dropped, damages } = await opened(folder);
    await outbox.add(message('b'), 0);
    await outbox.add(message('c'), 0);
    expect(await drain(outbox)).toEqual(['a', 'b', 'c']);
    expect(dropped).toEqual(['alert damaged']);
    expect(damages).toEqual([]);
    await outbox.stop();
  });

  it('passes over a record whose bytes have rotted on the disk, and brings the others', async () => {
    const folder = await folderWith();
    const first = await opened(folder, { bytes: 1e9 });
    const noise = (i: number) => randomBytes(30_000).toString('hex') + String(i).padStart(4, '0');
    for (let i = 0; i < 30; i++) await first.outbox.add(message(noise(i)), 0);
    await first.outbox.stop();
    const compacted = new ClassicLevel<string, Buffer>(folder, { valueEncoding: 'buffer' });
    await compacted.compactRange('0', '9');
    await compacted.close();
    for (const table of (await readdir(folder)).filter((name) => name.endsWith('.ldb'))) {
      const bytes = await readFile(join(folder, table));
      for (let i = 0; i < 200; i++) bytes[(bytes.length >> 1) + i] ^= 0xff;
      await writeFile(join(folder, table), bytes);
    }
    const { outbox } = await opened(folder, { bytes: 1e9 });
    const brought = (await drain(outbox)).map((text) => Number(text.slice(-4)));
    expect(brought.length).toBeGreaterThan(20);
    expect(brought).toEqual([...brought].sort((a, b) => a - b));
    await outbox.stop();
  });

  it.each<[string, (folder: string) => Promise<unknown>, number]>([
    ['an empty CURRENT', (folder) => writeFile(join(folder, 'CURRENT'), ''), 3],
    ['no CURRENT, but tables', (folder) => rm(join(folder, 'CURRENT')), 3],
    ['a missing MANIFEST', (folder) => each(folder, /^MANIFEST/, rm), 3],
    ['a truncated MANIFEST', (folder) => each(folder, /^MANIFEST/, (path) => truncate(path, 10)), 3],
    ['a truncated table', (folder) => each(folder, /ldb$/, (path) => truncate(path, 20)), 0],
    ['a missing table', (folder) => each(folder, /ldb$/, rm), 0],
    ['a folder in the place of a file', (folder) => replaceByFolder(join(folder, 'CURRENT')), 3],
    ['a folder in the place of its lock', (folder) => replaceByFolder(join(folder, 'LOCK')), 3],
    [
      'a file in its place',
      async (folder) => rm(folder, { recursive: true }).then(() => writeFile(folder, 'a file')),
      0,
    ],
    [
      'a dangling link in its place',
      async (folder) => rm(folder, { recursive: true }).then(() => symlink('/none', folder)),
      0,
    ],
  ])('that has %s is set aside with a date; what can be read of it goes on', async (_, damage, kept) => {
    const folder = join(await folderWith(), 'outbox');
    const first = await opened(folder);
    for (const text of ['a', 'b', 'c']) await first.outbox.add(message(text), 0);
    await first.outbox.stop();
    // Into a table.
    const compacted = new ClassicLevel<string, Buffer>(folder, { valueEncoding: 'buffer' });
    await compacted.compactRange('0', '9');
    await compacted.close();
    await damage(folder);
    const { outbox, damages } = await opened(folder);
    await outbox.add(message('d'), 0);
    expect(await drain(outbox)).toEqual([...['a', 'b', 'c'].slice(0, kept), 'd']);
    await outbox.stop();
    const aside = (await readdir(join(folder, '..'))).filter((name) => name !== 'outbox');
    expect(aside).toEqual([expect.stringMatching(/^outbox\.damaged-\d{4}-\d\d-\d\dT[\d-]+\.\d{3}Z$/)]);
    expect(damages).toEqual([
      { place: join(folder, '..', aside[0]), reason: expect.any(String), salvaged: kept > 0 || expect.any(Boolean) },
    ]);
    const again = await opened(folder);
    expect(again.damages).toEqual([]);
    await again.outbox.stop();
  });

  it('keeps no more than three that were set aside', async () => {
    const folder = join(await folderWith(), 'outbox');
    for (let i = 0; i < 5; i++) {
      await rm(folder, { recursive: true, force: true });
      await writeFile(folder, `file ${i}`);
      const { outbox } = await opened(folder);
      await outbox.stop();
    }
    expect((await readdir(join(folder, '..'))).filter((name) => name.startsWith('outbox.damaged-'))).toHaveLength(3);
  });

  it('remembers alerts that are open, and gives them back after a restart unless they have closed', async () => {
    const folder = await folderWith();
    const told = (alert: string, kind: string) => ({ ...message(`{"event":"${kind}","id":"${alert}"}`), alert });
    const first = await opened(folder);
    for (const [alert, kind] of [
      ['a', 'opened'],
      ['b', 'opened'],
      ['a', 'updated'],
      ['b', 'closed'],
    ])
      await first.outbox.add(told(alert, kind), 0);
    expect(await drain(first.outbox)).toHaveLength(4);
    expect(first.outbox.takeInterrupted()).toEqual([]);
    await first.outbox.stop();
    const second = await opened(folder);
    expect(second.outbox.depth).toBe(0);
    expect(second.outbox.takeInterrupted()).toEqual([told('a', 'updated')]);
    await second.outbox.add(told('a', 'closed'), 0);
    await second.outbox.stop();
    const third = await opened(folder);
    expect(third.outbox.takeInterrupted()).toEqual([]);
    await third.outbox.stop();
  });

  it.each([
    ['is taken away', (folder: string) => rm(folder, { recursive: true })],
    [
      'becomes a file',
      async (folder: string) => {
        await rm(folder, { recursive: true });
        await writeFile(folder, 'a file');
      },
    ],
  ])('keeps what comes after its folder %s, also through a crash', async (_, change) => {
    const folder = join(await folderWith(), 'outbox');
    const { outbox } = await opened(folder);
    const about = (event: string, alert: string) => ({ ...message(JSON.stringify({ event })), alert });
    await outbox.add(about('opened', 'before'));
    await change(folder);
    await outbox.add(about('opened', 'after'));
    expect(outbox.takeInterrupted()).toEqual([]);
    const left = await mkdtemp(join(inject('shared'), 'crashed-'));
    await cp(folder, left, { recursive: true });
    const next = await opened(left);
    expect((await next.outbox.first())?.message).toMatchObject({ alert: 'after' });
    expect(next.outbox.takeInterrupted()).toMatchObject([{ alert: 'after' }]);
    await next.outbox.stop();
    await outbox.stop();
  });

  it('is used once the other process has let go of it', async () => {
    const folder = await folderWith();
    const first = await opened(folder);
    await first.outbox.add(message('a'), 0);
    const later = new Outbox(folder, () => {}, limits);
    await expect(later.start()).rejects.toMatchObject({ code: 'STATE_UNUSABLE' });
    expect(later.isOpen).toBe(false);
    await first.outbox.stop();
    const soon = vi.spyOn(performance, 'now').mockImplementation(() => 60_000 + Date.now() - performance.timeOrigin);
    await later.add(message('b'), 0).finally(() => soon.mockRestore());
    expect(await drain(later)).toEqual(['a', 'b']);
    await later.stop();
  });

  it('is a queue, whatever comes, goes and restarts', async () => {
    const step = fc.oneof(
      { weight: 4, arbitrary: fc.record({ what: fc.constant('add' as const), text: fc.string({ maxLength: 20 }) }) },
      { weight: 3, arbitrary: fc.record({ what: fc.constant('take' as const) }) },
      { weight: 1, arbitrary: fc.record({ what: fc.constant('restart' as const) }) },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
        const folder = await mkdtemp(join(inject('shared'), 'queue-'));
        let { outbox } = await opened(folder);
        const expected: string[] = [];
        for (const one of steps) {
          if (one.what === 'add') {
            await outbox.add(message(one.text), 0);
            expected.push(one.text);
          } else if (one.what === 'take') {
            const next = await outbox.first();
            expect(next?.message.payload.toString()).toBe(expected.shift());
            if (next) await outbox.done(next.key);
          } else {
            await outbox.stop();
            ({ outbox } = await opened(folder));
          }
          expect(outbox.depth).toBe(expected.length);
        }
        expect(await drain(outbox)).toEqual(expected);
        await outbox.stop();
        await rm(folder, { recursive: true });
      }),
      { numRuns: 25 },
    );
  });
});
