import { spawnSync } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import {
  type Cores,
  describeCores,
  findCores,
  parseProcessors,
  threadsFor,
} from '../../../src/common/processor/cores.js';
import { threadsOf } from './threads-of.js';

describe('the cores of this process', () => {
  it('are at least one, and no more than the machine has', () => {
    const { all, allowed, usable } = findCores();
    expect(usable).toBeGreaterThanOrEqual(1);
    expect(usable).toBeLessThanOrEqual(allowed);
    expect(allowed).toBeLessThanOrEqual(all);
  });

  const missing = spawnSync('taskset', ['-c', '0', 'true']).status !== 0;
  it.skipIf(missing)('are those that it was pinned to', async () => {
    expect(await threadsOf(['taskset', '-c', '0'])).toBe(1);
  });

  it('are computed in, unless a number of threads was asked for', () => {
    expect(threadsFor(0)).toBe(findCores().usable);
    expect(threadsFor(undefined)).toBe(findCores().usable);
    expect(threadsFor(7)).toBe(7);
  });

  it.each<[Cores, string]>([
    [{ all: 1, allowed: 1, usable: 1 }, '1 core'],
    [{ all: 4, allowed: 4, quota: 8, usable: 4 }, '4 cores'],
    [{ all: 16, allowed: 16, quota: 1.5, usable: 2 }, '2 of 16 cores (a quota of 1.5)'],
    [{ all: 16, allowed: 2, quota: 4, usable: 2 }, '2 of 16 cores (2 allowed)'],
  ])('are described as they are: %j', (cores, text) => {
    expect(describeCores(cores)).toBe(text);
  });
});

describe("the kernel's lists of processors", () => {
  it.each([
    ['0', [0]],
    ['0-2,5', [0, 1, 2, 5]],
    ['3,1-1', [3, 1]],
    ['', []],
    ['all', []],
  ])('are read: "%s"', (list, processors) => {
    expect([...parseProcessors(list)]).toEqual(processors);
  });
});
