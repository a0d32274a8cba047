import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { beforeEach, describe, expect, inject, it, onTestFinished, vi } from 'vitest';
import { Overrides } from '../../../src/line/control/overrides.js';

const higher = { factor: 1.5 };
let file: string;
beforeEach(async () => {
  file = join(await mkdtemp(join(inject('shared'), 'overrides-')), 'state/overrides.json');
});

/** As they are after a restart. */
async function started(failures: string[] = [], boot?: () => number): Promise<Overrides> {
  const overrides = new Overrides(file, (reason) => failures.push(reason), boot);
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
    expect(overrides.of('line', 'd')).toEqual({ threshold: higher, muted: true });
    expect(overrides.of('attic', 'd')).toBeUndefined();
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
    expect(overrides.of('line', 'd')).toEqual({ threshold: undefined, muted: true });
    expect(overrides.of('gate', 'd')).toEqual({ threshold: higher, muted: false });
    expect(failures).toEqual([
      expect.stringMatching(/a threshold of 0\.5, a score of bottle 1, does not hold for camera line .* as a factor/),
    ]);
    await overrides.unmute('gate');
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({ line: { mute: {} }, gate: { threshold: higher } });
  });

  it('is a calibration on the line, which holds for its detector, before any other threshold, until it is undone', async () => {
    const before = await started();
    await before.setThreshold('line', higher);
    await before.calibrate('line', 1.2, 'a');
    await before.calibrate('line', 1.3, 'a');
    await before.calibrate('line', 0.9, 'b');
    const overrides = await started();
    expect(overrides.of('line', 'a')).toEqual({ threshold: higher, calibrated: { factor: 1.3 }, muted: false });
    expect(overrides.calibratedOf('line', 'b')).toEqual({ factor: 0.9 });
    expect(overrides.calibratedOf('line', 'c')).toBeUndefined();
    expect(['a', 'c'].map((detector) => overrides.hasLapsed('line', detector))).toEqual([false, true]);
    expect(overrides.hasLapsed('gate', 'a')).toBe(false);
    expect(await overrides.undoCalibration('line', 'a')).toBe(true);
    expect(overrides.calibratedOf('line', 'a')).toEqual({ factor: 1.2 });
    expect(await overrides.undoCalibration('line', 'a')).toBe(true);
    expect(overrides.calibratedOf('line', 'a')).toBeUndefined();
    expect(await overrides.undoCalibration('line', 'a')).toBe(false);
    expect(overrides.calibratedOf('line', 'b')).toEqual({ factor: 0.9 });
    await overrides.setThreshold('line', undefined);
    expect((await started()).of('line', 'b')).toBeUndefined();
  });

  it('holds no more where commands are off, but for calibrations on the line', async () => {
    const before = await started();
    await before.setThreshold('line', higher);
    await before.mute('gate');
    await before.calibrate('gate', 1.2, 'a');
    const overrides = new Overrides(file, () => {}, undefined, false);
    await overrides.start();
    expect(overrides.of('line', 'a')).toBeUndefined();
    expect(overrides.of('gate', 'a')).toEqual({ calibrated: { factor: 1.2 }, muted: false });
  });

  it('is a mute that ends by itself, also while the daemon is down', async () => {
    const overrides = await started();
    await overrides.mute('line', 300);
    expect(overrides.isMuted('line')).toBe(true);
    await sleep(350);
    for (const one of [overrides, await started()]) expect(one.muteOf('line')).toEqual({ muted: false });
  });

  it('is a mute that no clock makes last longer, across restarts either', async () => {
    let boot = 1000;
    const now = () => boot;
    await (await started([], now)).mute('line', 60_000);
    const kept = JSON.parse(await readFile(file, 'utf8'));
    // The clock of a box that starts in another year: the end lies far away.
    kept.line.mute.until = '2099-01-01T00:00:00.000Z';
    await writeFile(file, JSON.stringify(kept));
    const overrides = await started([], now);
    boot += 40_000;
    expect(overrides.isMuted('line')).toBe(true);
    await overrides.stop();
    boot = 5; // Switched on again.
    const again = await started([], now);
    boot += 19_000;
    expect(again.isMuted('line')).toBe(true);
    boot += 2000;
    expect(again.muteOf('line')).toEqual({ muted: false });
  });

  it('is a mute that ends when the clock has been put right, and says that it is over', async () => {
    await (await started()).mute('line', 3_600_000);
    const overrides = await started();
    const clock = vi.spyOn(Date, 'now');
    onTestFinished(() => clock.mockRestore());
    clock.mockReturnValue(0);
    expect(overrides.isMuted('line')).toBe(true);
    clock.mockReturnValue(Number.MAX_SAFE_INTEGER);
    expect(overrides.isMuted('line')).toBe(false);
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
