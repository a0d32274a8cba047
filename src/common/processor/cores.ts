import { readFileSync } from 'node:fs';
import { availableParallelism, cpus } from 'node:os';
import { processorQuota } from './quota.js';

/**
 * The processors of this machine, and what of them this process may use. A processor is what the kernel schedules on: a
 * core, or one of its hyper-threads.
 */
export interface Cores {
  /** Of the machine. */
  readonly all: number;
  /** That the scheduler may put this process on: `taskset`, cpusets. */
  readonly allowed: number;
  /** Their time that control groups leave to it, say 1.5; undefined without a limit. */
  readonly quota?: number;
  /** How many threads can compute at the same time: those allowed, and no more than the quota, rounded up. */
  readonly usable: number;
}

/** More threads than any box has cores; each takes memory. */
export const MOST_THREADS = 1024;

/** Looks anew each time: limits may change while a process runs. */
export function findCores(): Cores {
  const allowed = allowedProcessors() ?? availableParallelism();
  const all = Math.max(allowed, cpus().length);
  const quota = processorQuota();
  return { all, allowed, quota, usable: Math.max(1, Math.min(allowed, Math.ceil(quota ?? allowed))) };
}

/**
 * Threads to compute in: what was asked for, else one for each core that this process may use.
 * @param asked 0 and undefined ask for nothing
 */
export const threadsFor = (asked?: number): number => asked || findCores().usable;

/** Says it in a few words, with the reason where it is not all of them: `2 of 16 cores (quota 1.5)`. */
export function describeCores({ all, allowed, quota, usable }: Cores): string {
  if (usable === all) return all === 1 ? '1 core' : `${all} cores`;
  const reason =
    quota !== undefined && quota < allowed ? `a quota of ${Number(quota.toFixed(2))}` : `${allowed} allowed`;
  return `${usable} of ${all} cores (${reason})`;
}

/**
 * Not `availableParallelism`: from libuv 1.49 on, that rounds a quota down, and takes shares for one.
 * @returns undefined where there is no /proc
 */
function allowedProcessors(): number | undefined {
  try {
    const status = readFileSync('/proc/self/status', 'utf8');
    // Processors that could be plugged in are allowed, too.
    const [allowed, online] = [
      /^Cpus_allowed_list:\s*(\S+)$/m.exec(status)?.[1] ?? '',
      readFileSync('/sys/devices/system/cpu/online', 'utf8').trim(),
    ].map(parseProcessors);
    return [...allowed].filter((processor) => online.has(processor)).length || undefined;
  } catch {
    return undefined;
  }
}

/** A list of numbers as the kernel writes it (cpuset(7), list format): `0-2,5`. Nothing for anything else. */
export function parseProcessors(list: string): Set<number> {
  const numbers = new Set<number>();
  for (const range of list.split(',')) {
    const [, first, last = first] = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range.trim()) ?? [];
    for (let number = Number(first); number <= Number(last); number++) numbers.add(number);
  }
  return numbers;
}
