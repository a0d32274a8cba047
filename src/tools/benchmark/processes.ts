import { readFile } from 'node:fs/promises';
import { type ProcessRole, roleOf } from '../../line/observability/process-memory.js';

export type ByRole = Record<ProcessRole | 'total', number>;

/** Ticks a second in which Linux tells processor time: USER_HZ, proc_pid_stat(5). */
const TICKS = 100;

/**
 * Bytes of a daemon and of its children. Memory that processes share is divided among them (proportional set size,
 * smaps_rollup in proc_pid_smaps(5)), or counted in each where the kernel does not tell.
 */
export const memoryOf = (daemon: number): Promise<ByRole> =>
  summed(daemon, async (pid) => {
    const shared = /^Pss:\s+(\d+) kB$/m.exec(await read(`/proc/${pid}/smaps_rollup`))?.[1];
    const resident = shared ?? /^VmRSS:\s+(\d+) kB$/m.exec(await read(`/proc/${pid}/status`))?.[1];
    return 1024 * Number(resident ?? 0);
  });

/** Seconds of processor that a daemon and its children have taken since they started. */
export const processorOf = (daemon: number): Promise<ByRole> =>
  summed(daemon, async (pid) => {
    const stat = await read(`/proc/${pid}/stat`);
    // The name before the last parenthesis may hold blanks.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) / TICKS;
  });

async function summed(daemon: number, measure: (pid: string) => Promise<number>): Promise<ByRole> {
  const children = (await read(`/proc/${daemon}/task/${daemon}/children`)).split(' ').filter(Boolean);
  const sums: ByRole = { daemon: await measure(String(daemon)), inference: 0, ffmpeg: 0, total: 0 };
  for (const pid of children) {
    const role = await roleOf(pid);
    if (role) sums[role] += await measure(pid);
  }
  sums.total = sums.daemon + sums.inference + sums.ffmpeg;
  return sums;
}

/** Empty for a process that is gone, and where there is no /proc. */
const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
