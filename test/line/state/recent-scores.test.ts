import { appendFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import { RecentScores } from '../../../src/line/state/recent-scores.js';

let folder: string;
let failures: string[];
beforeEach(async () => {
  folder = join(await mkdtemp(join(inject('shared'), 'scores-')), 'state/scores');
  failures = [];
});

/** As they are after a restart. */
async function started(cameras = ['line']): Promise<RecentScores> {
  const scores = new RecentScores(folder, cameras, (reason) => failures.push(reason));
  await scores.start();
  return scores;
}

/** A score a second. */
function add(scores: RecentScores, values: readonly number[], of = 'model 1'): void {
  for (const [i, value] of values.entries()) scores.add('line', of, value, 1000 * i);
}
const upTo = (count: number) => Array.from({ length: count }, (_, i) => 1 + i / 4);
const file = () => readFile(join(folder, 'line.scores'), 'utf8');

describe('recent scores', () => {
  it('outlast a restart, the last ones first of all', async () => {
    const before = await started();
    add(before, [0.5, 0.25, 0.123456789]);
    await before.stop();
    const scores = await started();
    expect(scores.last(10, 'line', 'model 1')).toEqual([0.5, 0.25, 0.123457]);
    expect(scores.last(2, 'line', 'model 1')).toEqual([0.25, 0.123457]);
    add(scores, [0.75]);
    await scores.stop();
    expect(await file()).toBe('model 1\n0.5\n0.25\n0.123457\n0.75\n');
  });

  it('are a second apart', async () => {
    const scores = await started();
    for (let i = 0; i <= 20; i++) scores.add('line', 'model 1', i, 100 * i);
    expect(scores.last(100, 'line', 'model 1')).toEqual([0, 10, 20]);
    await scores.stop();
  });

  it('of another model begin anew', async () => {
    const before = await started();
    add(before, [1, 2]);
    await before.stop();
    const scores = await started();
    expect(scores.last(10, 'line', 'model 2')).toEqual([]);
    add(scores, [3], 'model 2');
    expect(scores.last(10, 'line', 'model 1')).toEqual([]);
    await scores.stop();
    expect(await file()).toBe('model 2\n3\n');
  });

  it('are bounded, in memory and on disk', async () => {
    for (let run = 0; run < 3; run++) {
      const scores = await started();
      add(scores, upTo(1900));
      await scores.stop();
      expect((await file()).split('\n').length).toBeLessThan(4002);
    }
    const scores = await started();
    expect(scores.last(10_000, 'line', 'model 1')).toHaveLength(2000);
    expect(scores.last(1, 'line', 'model 1')).toEqual(upTo(1900).slice(-1));
    await scores.stop();
  });

  it('lose what a crash has cut off, and no more', async () => {
    const before = await started();
    add(before, [1, 2]);
    await before.stop();
    await appendFile(join(folder, 'line.scores'), 'x\n3\n0.');
    const scores = await started();
    expect(scores.last(10, 'line', 'model 1')).toEqual([1, 2, 3]);
    add(scores, [4]);
    await scores.stop();
    expect(await file()).toBe('model 1\n1\n2\n3\n4\n');
  });

  it('go with their camera', async () => {
    const before = await started(['line', 'gate']);
    add(before, [1]);
    before.add('gate', 'model 1', 1, 0);
    await before.stop();
    const scores = await started(['line']);
    expect(await readdir(folder)).toEqual(['line.scores']);
    scores.forget('line');
    await scores.stop();
    expect(await readdir(folder)).toEqual([]);
  });

  it('keep nobody from watching where they cannot be kept: that is told once', async () => {
    await rm(folder, { recursive: true, force: true });
    const before = await started();
    await before.stop();
    await rm(folder, { recursive: true });
    await writeFile(folder, '');
    const scores = await started();
    add(scores, [1, 2]);
    await scores.stop();
    expect(failures).toEqual([expect.stringContaining(folder)]);
    expect(scores.last(10, 'line', 'model 1')).toEqual([1, 2]);
  });
});
