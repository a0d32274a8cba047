import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import { Overrides } from '../../src/control/overrides.js';

const higher = { factor: 1.5 };
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
    expect(overrides.thresholdOf('line')).toBeUndefined();
    expect(overrides.isMuted('line')).toBe(false);
    expect(overrides.muteOf('line')).toEqual({ muted: false });
  });

  it('outlasts a restart', async () => {
    const before = await started();
    await Promise.all([before.setThreshold('line', higher), before.mute('line'), before.mute('gate', 60_000)]);
    const overrides = await started();
    expect(overrides.thresholdOf('line')).toEqual(higher);
    expect(overrides.thresholdOf('gate')).toBeUndefined();
    expect(overrides.muteOf('line')).toEqual({ muted: true });
    expect(overrides.of('line')).toEqual({ threshold: higher, muted: true });
    expect(overrides.of('attic')).toBeUndefined();
    const { muted, until } = overrides.muteOf('gate');
    expect(muted).toBe(true);
    expect(Date.parse(until as string)).toBeGreaterThan(Date.now());
    expect(Date.parse(until as string)).toBeLessThanOrEqual(Date.now() + 60_000);
  });

  it('can be taken back', async () => {
    const before = await started();
    await before.setThreshold('line', higher);
    await before.mute('line');
    await before.setThreshold('line', undefined);
    await before.unmute('line');
    for (const overrides of [before, await started()]) {
      expect(overrides.thresholdOf('line')).toBeUndefined();
      expect(overrides.isMuted('line')).toBe(false);
    }
  });

  it('is no score of an earlier version: that is told, and what else was commanded holds', async () => {
    await (await started()).mute('gate');
    const old = { threshold: { value: 0.5, model: 'bottle', modelVersion: '1' }, mute: {} };
    await writeFile(file, JSON.stringify({ line: old, gate: { threshold: higher } }));
    const failures: string[] = [];
    const overrides = await started(failures);
    expect(overrides.of('line')).toEqual({ threshold: undefined, muted: true });
    expect(overrides.of('gate')).toEqual({ threshold: higher, muted: false });
    expect(failures).toEqual([
      expect.stringMatching(/a threshold of 0\.5, a score of bottle 1, does not hold for camera line .* as a factor/),
    ]);
    await overrides.unmute('gate');
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ line: { mute: {} }, gate: { threshold: higher } });
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
    await expect(overrides.setThreshold('line', higher)).rejects.toMatchObject({ code: 'STATE_UNUSABLE' });
    expect(overrides.isMuted('line')).toBe(false);
    expect(overrides.thresholdOf('line')).toBeUndefined();
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
