import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ClassicLevel } from 'classic-level';
import * as fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { Outbox, type OutboxLimits, type OutboxMessage } from '../../src/publish/outbox.js';
import { folderWith } from '../fixtures/folder.js';

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
  const outbox = new Outbox(folder, (kind, reason) => dropped.push(`${kind} ${reason}`), { ...limits, ...changes });
  await outbox.start();
  return { outbox, dropped };
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

  it('names the folder that another daemon uses', async () => {
    const folder = await folderWith();
    const { outbox } = await opened(folder);
    await expect(opened(folder)).rejects.toMatchObject({
      code: 'STATE_UNUSABLE',
      message: `${folder}: another kdad-edge run uses it`,
    });
    await outbox.stop();
  });

  it('says that a folder cannot be written', async () => {
    const folder = await folderWith({ outbox: 'a file' });
    await expect(opened(join(folder, 'outbox'))).rejects.toMatchObject({ code: 'STATE_UNUSABLE' });
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
