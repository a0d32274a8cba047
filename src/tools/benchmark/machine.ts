import { readFile } from 'node:fs/promises';
import { cpus, loadavg, totalmem } from 'node:os';
import { setTimeout as sleep } from 'node:timers/promises';
import { findCores, threadsFor } from '../../common/processor/cores.js';
import { version } from '../../common/version.js';
import { multipliesBytes } from '../../method/bundle/precision.js';
import { runtimeVersion } from '../../method/engine/onnx/runtime.js';
import { rounded } from './statistics.js';

/** What was measured on. */
export interface Machine {
  readonly processor: string;
  /** That we may use, as `Cores` has them. */
  readonly cores: number;
  readonly allCores: number;
  readonly allowedCores: number;
  readonly quota: number | null;
  /** Of the processor, that everything was measured in. */
  readonly threads: number;
  /** Bytes. */
  readonly memory: number;
  /** Whether it has instructions for products of bytes. */
  readonly multipliesBytes: boolean;
  readonly node: string;
  readonly onnxruntime: string;
  readonly kdadEdge: string;
  /** Mean load of the last minute, before anything was measured. */
  readonly load: number;
  /**
   * Cores that were busy while we did nothing: with other programs, or with other machines on the same host. Linux
   * only.
   */
  readonly busyCores: number | null;
}

/** Milliseconds that the processor is watched for. */
const WATCHED = 500;

export async function describeMachine(
  options: { readonly threads?: number; readonly signal?: AbortSignal } = {},
): Promise<Machine> {
  const load = rounded(loadavg()[0]);
  const before = await busyTicks();
  await sleep(WATCHED, undefined, { signal: options.signal });
  const after = await busyTicks();
  const { all, allowed, quota, usable } = findCores();
  const [{ model = 'unknown' } = {}] = cpus();
  return {
    processor: model.trim(),
    cores: usable,
    allCores: all,
    allowedCores: allowed,
    quota: quota ?? null,
    threads: threadsFor(options.threads),
    memory: totalmem(),
    multipliesBytes: multipliesBytes(),
    node: process.version,
    onnxruntime: runtimeVersion,
    kdadEdge: version,
    load,
    busyCores: before && after ? rounded(coresBetween(before, after, cpus().length)) : null,
  };
}

interface Ticks {
  readonly busy: number;
  readonly all: number;
}

/** All cores' time so far, as proc_stat(5) has it; time that the host took counts as busy. */
async function busyTicks(): Promise<Ticks | undefined> {
  const stat = await readFile('/proc/stat', 'utf8').catch(() => '');
  const ticks = /^cpu +([\d ]+)$/m.exec(stat)?.[1].split(' ').slice(0, 8).map(Number);
  if (!ticks) return undefined;
  const all = ticks.reduce((sum, count) => sum + count);
  const [, , , idle, waiting] = ticks;
  return { busy: all - idle - waiting, all };
}

const coresBetween = (before: Ticks, after: Ticks, cores: number): number =>
  (cores * (after.busy - before.busy)) / Math.max(1, after.all - before.all);
