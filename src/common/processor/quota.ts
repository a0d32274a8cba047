import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type GroupFolder, groupFolders } from './cgroups.js';

/**
 * How many processors' time control groups leave to this process, say 1.5: the least of its own group and of those
 * above (`docker run --cpus`, systemd's `CPUQuota`, Kubernetes' limits).
 *
 * @param root instead of `/`, for tests
 * @returns undefined without a limit, and where there are no control groups
 */
export function processorQuota(root = '/'): number | undefined {
  const folders = groupFolders(read(join(root, 'proc/self/cgroup')), read(join(root, 'proc/self/mountinfo')));
  const quotas = folders.flatMap((folder) => quotaOf({ ...folder, path: join(root, folder.path) }) ?? []);
  return quotas.length > 0 ? Math.min(...quotas) : undefined;
}

/**
 * As the kernel's documentation has it: admin-guide/cgroup-v2 (`cpu.max`), scheduler/sched-bwc (`cpu.cfs_quota_us`).
 */
function quotaOf({ version, path }: GroupFolder): number | undefined {
  const [limit, period] =
    version === 2
      ? read(join(path, 'cpu.max')).split(' ')
      : [read(join(path, 'cpu.cfs_quota_us')), read(join(path, 'cpu.cfs_period_us'))];
  // `max`, -1 and nothing at all are no limit.
  const quota = Number.parseInt(limit, 10) / Number.parseInt(period, 10);
  return quota > 0 && Number.isFinite(quota) ? quota : undefined;
}

/** Empty where there is no such file, or none that we may read. */
function read(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
