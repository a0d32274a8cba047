import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { groupFolders } from '../../../src/common/processor/cgroups.js';
import { findCores } from '../../../src/common/processor/cores.js';
import { processorQuota } from '../../../src/common/processor/quota.js';
import { controlGroup } from '../../fixtures/control-group.js';
import { folderWith } from '../../fixtures/folder.js';
import { threadsOf } from './threads-of.js';

/** A line of `/proc/self/mountinfo`. */
const mount = (point: string, type: string, { root = '/', options = 'rw' } = {}) =>
  `31 24 0:27 ${root} ${point} ro,nosuid,nodev,noexec,relatime shared:9 master:4 - ${type} cgroup ${options}\n`;

/** A machine as these files have it; `cgroup` and `mountinfo` are those of the process. */
const machine = (cgroup: string, mountinfo: string, files: Record<string, string> = {}) =>
  folderWith({ 'proc/self/cgroup': cgroup, 'proc/self/mountinfo': mountinfo, ...files });

const docker = '/docker/3f1c0a';
const pod = '/kubepods/burstable/podb7c2';

describe('the quota of control groups', () => {
  it.each<[string, number | undefined, Parameters<typeof machine>]>([
    ['none without control groups', undefined, ['', '']],
    [
      'that of a container that sees its own group alone (Docker, version 2)',
      1.5,
      ['0::/\n', mount('/sys/fs/cgroup', 'cgroup2'), { 'sys/fs/cgroup/cpu.max': '150000 100000\n' }],
    ],
    [
      'none where there is no limit',
      undefined,
      ['0::/\n', mount('/sys/fs/cgroup', 'cgroup2'), { 'sys/fs/cgroup/cpu.max': 'max 100000\n' }],
    ],
    [
      "the least of a unit's and its slice's (systemd, version 2)",
      1,
      [
        '0::/factory.slice/kdad-edge.service\n',
        mount('/sys/fs/cgroup', 'cgroup2'),
        {
          'sys/fs/cgroup/factory.slice/cpu.max': '100000 100000\n',
          'sys/fs/cgroup/factory.slice/kdad-edge.service/cpu.max': '300000 100000\n',
        },
      ],
    ],
    [
      'of a group below whose own has no limit',
      2,
      [
        '0::/factory.slice/kdad-edge.service/inner\n',
        mount('/sys/fs/cgroup', 'cgroup2'),
        {
          'sys/fs/cgroup/factory.slice/kdad-edge.service/cpu.max': '100000 50000\n',
          'sys/fs/cgroup/factory.slice/kdad-edge.service/inner/cpu.max': 'max 100000\n',
        },
      ],
    ],
    [
      'of the container where the mount shows that alone, and the path is that of the host (Docker, version 1)',
      0.5,
      [
        `12:memory:${docker}\n4:cpu,cpuacct:${docker}\n1:name=systemd:${docker}\n0::/system.slice/docker.service\n`,
        mount('/sys/fs/cgroup/memory', 'cgroup', { root: docker, options: 'rw,memory' }) +
          mount('/sys/fs/cgroup/cpu,cpuacct', 'cgroup', { root: docker, options: 'rw,cpu,cpuacct' }),
        {
          'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us': '50000\n',
          'sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us': '100000\n',
        },
      ],
    ],
    [
      "a pod's above a container without one (Kubernetes, version 1)",
      3,
      [
        `4:cpu,cpuacct:${pod}/9d\n`,
        mount('/sys/fs/cgroup/cpu,cpuacct', 'cgroup', { options: 'rw,cpu,cpuacct' }),
        {
          [`sys/fs/cgroup/cpu,cpuacct${pod}/9d/cpu.cfs_quota_us`]: '-1\n',
          [`sys/fs/cgroup/cpu,cpuacct${pod}/9d/cpu.cfs_period_us`]: '100000\n',
          [`sys/fs/cgroup/cpu,cpuacct${pod}/cpu.cfs_quota_us`]: '300000\n',
          [`sys/fs/cgroup/cpu,cpuacct${pod}/cpu.cfs_period_us`]: '100000\n',
        },
      ],
    ],
    [
      'of version 1 where the processor is there, and version 2 beside it has none (hybrid)',
      1,
      [
        '3:cpuset:/\n2:cpuacct:/\n1:cpu:/box\n0::/\n',
        mount('/sys/fs/cgroup/cpu', 'cgroup', { options: 'rw,cpu' }) +
          mount('/sys/fs/cgroup/cpuset', 'cgroup', { options: 'rw,cpuset' }) +
          mount('/sys/fs/cgroup/unified', 'cgroup2'),
        {
          'sys/fs/cgroup/cpu/box/cpu.cfs_quota_us': '100000\n',
          'sys/fs/cgroup/cpu/box/cpu.cfs_period_us': '100000\n',
        },
      ],
    ],
    [
      'of what can be seen, for a process that lies outside of it',
      2,
      ['0::/../other\n', mount('/sys/fs/cgroup', 'cgroup2'), { 'sys/fs/cgroup/cpu.max': '200000 100000\n' }],
    ],
    [
      'at a place whose name has a blank',
      4,
      ['0::/\n', mount('/the\\040groups', 'cgroup2'), { 'the groups/cpu.max': '400000 100000\n' }],
    ],
    [
      'none for what is no number',
      undefined,
      ['0::/\n', mount('/sys/fs/cgroup', 'cgroup2'), { 'sys/fs/cgroup/cpu.max': 'much\n' }],
    ],
  ])('is %s: %s', async (_, quota, files) => {
    expect(processorQuota(await machine(...files))).toBe(quota);
  });

  it('never looks outside of a mount, whatever the files say', () => {
    const path = fc
      .array(fc.constantFrom('..', '.', 'a', 'b', ' ', ':'), { maxLength: 5 })
      .map((parts) => `/${parts.join('/').replaceAll(' ', '\\040')}`);
    fc.assert(
      fc.property(path, path, fc.string(), (group, root, noise) => {
        const folders = groupFolders(`0::${group}\n${noise}`, `${mount('/groups', 'cgroup2', { root })}${noise}`);
        expect(folders.at(-1)).toEqual({ version: 2, path: '/groups' });
        for (const { path: folder } of folders) expect(`${folder}/`).toMatch(/^\/groups\//);
      }),
    );
  });
});

const group = controlGroup();
if (!group) console.warn('skipped: no control group of the processor can be made here');

describe.skipIf(!group)('in a control group', () => {
  afterAll(() => group?.remove());
  const { usable } = findCores();

  it.each([
    [0.5, 1],
    [1, 1],
    [1.5, Math.min(2, usable)],
    [1000, usable],
  ])('of %d processors, as many threads compute as there is time for: %d', async (processors, threads) => {
    group?.limit(processors);
    expect(await threadsOf(group?.enter ?? [])).toBe(threads);
  });
});
