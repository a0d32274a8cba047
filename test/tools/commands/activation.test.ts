import { cp, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { kdadEdge } from '../../fixtures/command-line.js';
import { folderWith } from '../../fixtures/folder.js';
import { setThreshold } from '../../fixtures/set-threshold.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

let tiny: Awaited<ReturnType<typeof tinyBundle>>;
beforeAll(async () => {
  tiny = await tinyBundle();
});

/** A store of the tiny bundle by versions; to those with a threshold it is given. */
async function store(versions: Readonly<Record<string, number | undefined>>): Promise<string> {
  const folder = join(await folderWith(), 'blots');
  for (const [version, threshold] of Object.entries(versions)) {
    await cp(tiny.bundle, join(folder, version), { recursive: true });
    if (threshold !== undefined) await setThreshold(join(folder, version), threshold);
  }
  return folder;
}

const current = (folder: string) => readlink(join(folder, 'current')).catch(() => undefined);

describe('kdad-edge models activate --evaluate', () => {
  it('puts a version to use that is not worse, and says how they compare', async () => {
    const folder = await store({ 1: undefined, 2: undefined });
    await kdadEdge('models', 'activate', folder, '1');
    const { code, stdout } = await kdadEdge('models', 'activate', folder, '2', '--evaluate', tiny.data);
    expect(stdout).toMatch(/^Compared with 1 on .*:\n {2}image AUROC \+0\.0000 .*\n.*\n.*\n2 is in use, 1 was\n$/);
    expect(code).toBe(0);
    expect(await current(folder)).toBe('2');
  });

  it.each([
    ['that cries wolf', 1e-6, 'false alarms 6 of 6, where it was 0: worse'],
    ['that sees nothing', 1e6, 'defects missed 6 of 6, where it was 0: worse'],
  ])('keeps the old version from one %s, and exits with 1', async (_, threshold, reason) => {
    const folder = await store({ 1: undefined, 2: threshold });
    await kdadEdge('models', 'activate', folder, '1');
    const { code, stdout } = await kdadEdge('models', 'activate', folder, '2', '--evaluate', tiny.data);
    expect(stdout).toContain(`  ${reason}\n`);
    expect(stdout).toMatch(/\n2 is not put to use: 1 is better, and stays\n$/);
    expect(code).toBe(1);
    expect(await current(folder)).toBe('1');
  });
});

describe('kdad-edge train --activate', () => {
  const train = (out: string, ...options: string[]) =>
    kdadEdge(
      ...['train', '--data', tiny.data, '--out', out, '--recipe', 'memory', '--size', '64x64', '--threads', '1'],
      ...['--activate', ...options],
    );

  it('puts the first version of a store to use, and a later one only if it is not worse', async () => {
    const folder = join(await folderWith(), 'blots');
    const first = await train(join(folder, '1'));
    expect(first.stdout, first.stderr).toMatch(/\n1 is in use\n$/);
    expect(first.code).toBe(0);
    // What is in use now calls every good part anomalous, and the next one does not.
    await setThreshold(join(folder, '1'), 1e-6);
    const second = await train(join(folder, '2'), '--evaluate', join(tiny.data, 'test/good'));
    expect(second.stdout, second.stderr).toMatch(
      /\n {2}false alarms \d of 6, where it was 6: not worse\n2 is in use, 1 was\n$/,
    );
    expect(second.code).toBe(0);
  }, 300_000);

  it.each([
    ['an evaluation set without images', ['--evaluate', '/none'], 3, 'DATASET_INVALID'],
    ['a place that is no version', ['--out', '/tmp/store/current'], 2, 'USAGE'],
  ])('refuses %s before it trains', async (_, options, exitCode, error) => {
    const { code, stderr } = await train(join(await folderWith(), 'blots/1'), ...options);
    expect(stderr).toContain(`[${error}]`);
    expect(code).toBe(exitCode);
  });
});
