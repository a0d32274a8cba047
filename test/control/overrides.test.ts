import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import { Overrides } from '../../src/control/overrides.js';

const model = { name: 'bottle', version: '1' };
let file: string;
beforeEach(async () => {
  file = join(await mkdtemp(join(inject('shared'), 'overrides-')), 'state/overrides.json');
});

/** As they are after a restart. */
async function started(failures: string[] = []): Promise<Overrides> {
  const overrides = new Overrides(file, (reason) => failures.push(reason));
  await overrides.start();
  return overrides;
}

describe('what was commanded for a camera', () => {
  it('is nothing at first', async () => {
    const overrides = await started();
    expect(overrides.thresholdOf('line', model)).toBeUndefined();
    expect(overrides.isMuted('line')).toBe(false);
    expect(overrides.muteOf('line')).toEqual({ muted: false });
  });

  it('outlasts a restart', async () => {
    const before = await started();
    await Promise.all([before.setThreshold('line', 0.5, model), before.mute('line'), before.mute('gate', 60_000)]);
    const overrides = await started();
    expect(overrides.thresholdOf('line', model)).toBe(0.5);
    expect(overrides.thresholdOf('gate', model)).toBeUndefined();
    expect(overrides.muteOf('line')).toEqual({ muted: true });
    expect(overrides.of('line', model)).toEqual({ threshold: 0.5, muted: true });
    expect(overrides.of('attic', model)).toBeUndefined();
    const { muted, until } = overrides.muteOf('gate');
    expect(muted).toBe(true);
    expect(Date.parse(until as string)).toBeGreaterThan(Date.now());
    expect(Date.parse(until as string)).toBeLessThanOrEqual(Date.now() + 60_000);
  });

  it('can be taken back', async () => {
    const before = await started();
    await before.setThreshold('line', 0.5, model);
    await before.mute('line');
    await before.setThreshold('line', undefined, model);
    await before.unmute('line');
    for (const overrides of [before, await started()]) {
      expect(overrides.thresholdOf('line', model)).toBeUndefined();
      expect(overrides.isMuted('line')).toBe(false);
    }
  });

  it('is a threshold for one model only: the scores of another mean something else', async () => {
    const overrides = await started();
    await overrides.setThreshold('line', 0.5, model);
    expect(overrides.thresholdOf('line', { name: 'bottle', version: '2' })).toBeUndefined();
    expect(overrides.thresholdOf('line', { name: 'washer', version: '1' })).toBeUndefined();
    expect(overrides.thresholdOf('line', model)).toBe(0.5);
  });

  it('is a mute that ends by itself, also while the daemon is down', async () => {
    const overrides = await started();
    await overrides.mute('line', 300);
    expect(overrides.isMuted('line')).toBe(true);
    await sleep(350);
    for (const one of [overrides, await started()]) expect(one.muteOf('line')).toEqual({ muted: false });
  });

  it('does not hold when it cannot be written', async () => {
    await writeFile(join(file, '../..', 'state'), 'a file where the folder should be');
    const overrides = await started([]);
    await expect(overrides.mute('line')).rejects.toMatchObject({ code: 'STATE_UNUSABLE' });
    await expect(overrides.setThreshold('line', 0.5, model)).rejects.toMatchObject({ code: 'STATE_UNUSABLE' });
    expect(overrides.isMuted('line')).toBe(false);
    expect(overrides.thresholdOf('line', model)).toBeUndefined();
  });

  it.each(['not JSON', '[]', '{"line":{"threshold":-1}}', '{"line":{"mute":{"until":"tomorrow"}}}'])(
    'is nothing when the file holds %s: that is told, and the next command writes it anew',
    async (text) => {
      await (await started()).mute('gate');
      await writeFile(file, text);
      const failures: string[] = [];
      const overrides = await started(failures);
      expect(failures).toEqual([expect.stringContaining(file)]);
      expect(failures[0]).not.toContain('\n');
      expect(overrides.isMuted('line')).toBe(false);
      await overrides.mute('line');
      expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ line: { mute: {} } });
    },
  );
});
