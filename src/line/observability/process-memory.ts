import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

/** What a process is to the daemon. */
export type ProcessRole = 'daemon' | 'inference' | 'ffmpeg';

/**
 * Bytes of memory that this process and those that it has started hold (resident set size), as Linux's /proc has it:
 * see proc(5). Elsewhere, or where the kernel lists no children, what cannot be found out is left out.
 */
export async function residentMemory(): Promise<Map<ProcessRole, number>> {
  const children = await read(`/proc/self/task/${process.pid}/children`);
  const processes = await Promise.all(
    children
      .split(' ')
      .filter(Boolean)
      .map(async (pid) => ({ pid, role: await roleOf(pid) })),
  );
  const bytes = new Map<ProcessRole, number>();
  for (const { pid, role } of [{ pid: 'self', role: 'daemon' as const }, ...processes]) {
    const kilobytes = /^VmRSS:\s+(\d+) kB$/m.exec(await read(`/proc/${pid}/status`))?.[1];
    if (role && kilobytes) bytes.set(role, (bytes.get(role) ?? 0) + 1024 * Number(kilobytes));
  }
  return bytes;
}

/** What a child of a daemon is, by its command line; undefined for one that is gone, or is neither. */
export async function roleOf(pid: string): Promise<ProcessRole | undefined> {
  const command = (await read(`/proc/${pid}/cmdline`)).split('\0');
  if (basename(command[0]).startsWith('ffmpeg')) return 'ffmpeg';
  return command.some((part) => part.endsWith('/inference-main.js')) ? 'inference' : undefined;
}

/** Empty for a process that is gone. */
const read = (path: string): Promise<string> => readFile(path, 'utf8').catch(() => '');
