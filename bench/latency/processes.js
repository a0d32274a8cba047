import { readFile } from 'node:fs/promises';

/** Kernel ticks a second, in which processor time is counted (proc_pid_stat(5)). */
const TICKS = 100;

/**
 * A process and all below it: what each is, its memory in bytes (RSS, and PSS, which shares common pages out) and its
 * processor time in seconds.
 */
export async function processTree(pid) {
  const [command, stat, rollup, children] = await Promise.all(
    [`cmdline`, `stat`, `smaps_rollup`, `task/${pid}/children`].map((file) => readFile(`/proc/${pid}/${file}`, 'utf8')),
  );
  const times = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const bytes = (name) => 1024 * Number(new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(rollup)[1]);
  const own = {
    pid,
    what: /inference-main|ffmpeg/.exec(command)?.[0].split('-')[0] ?? 'daemon',
    rss: bytes('Rss'),
    pss: bytes('Pss'),
    seconds: (Number(times[11]) + Number(times[12])) / TICKS,
  };
  const below = children.trim().split(' ').filter(Boolean).map(Number);
  return [own, ...(await Promise.all(below.map(processTree))).flat()];
}
