import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { closeInterruptedEvidence } from '../../../src/line/daemon/interrupted-evidence.js';
import { EvidenceFolder } from '../../../src/line/evidence/evidence-folder.js';
import { folderWith } from '../../fixtures/folder.js';

const openedAt = '2026-05-04T12:30:00.000Z';
const about = (event: string) => JSON.stringify({ event, id: 'a', camera: 'line', openedAt, score: 2, ratio: 1.5 });

it('closes the evidence of alerts that were open, and leaves what is closed, damaged or nothing of ours', async () => {
  const left = {
    opened: about('opened'),
    updated: about('updated'),
    closed: about('closed'),
    damaged: '{"event":"op',
    other: 'null',
  };
  const files = Object.entries(left).map(([name, text]) => [`line/2026-05-04T12-30-00.000Z-${name}/alert.json`, text]);
  const root = await folderWith({ ...Object.fromEntries(files), 'line/2026-05-04T12-30-00.000Z-empty/frame.png': '' });
  const limits = { maxAge: Number.POSITIVE_INFINITY, maxSize: 1e6, minFree: 0 };
  const unreadable: string[] = [];
  const evidence = new EvidenceFolder(root, limits, (reason) => unreadable.push(reason));
  await evidence.start();
  const before = evidence.size;
  await closeInterruptedEvidence(evidence, Date.parse('2026-05-04T12:31:00.000Z'));
  const read = (name: string) => readFile(join(root, 'line', `2026-05-04T12-30-00.000Z-${name}`, 'alert.json'), 'utf8');
  for (const name of ['opened', 'updated']) {
    expect(JSON.parse(await read(name)), name).toMatchObject({
      event: 'closed',
      reason: 'interrupted',
      time: '2026-05-04T12:31:00.000Z',
      durationSeconds: 60,
      id: 'a',
      ratio: 1.5,
    });
  }
  for (const name of ['closed', 'damaged', 'other'] as const) expect(await read(name)).toBe(left[name]);
  expect(unreadable).toEqual([]);
  expect(evidence.size).toBeGreaterThan(before);
  await evidence.stop();
});
