import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { KdadError } from '../../common/errors.js';

/** One measurement of training. */
export interface TrainingJob {
  readonly batch: number;
  /** Height and width of an image. */
  readonly size: readonly [number, number];
  readonly steps: number;
  /** Of the processor; one for each core that we may use when left out. */
  readonly threads?: number;
}

export interface MeasuredTraining {
  /** Of a step, an image. */
  readonly milliseconds: number;
  /** Bytes that the process held at most. */
  readonly peakMemory: number | null;
}

const main = fileURLToPath(new URL('./training-main.js', import.meta.url));

/**
 * Measures steps of training in a process of their own, so that its memory is known.
 * @throws KdadError BENCH_FAILED; the signal's reason
 */
export async function measureTraining(job: TrainingJob, signal?: AbortSignal): Promise<MeasuredTraining> {
  const child = fork(main, [JSON.stringify(job)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  const stop = () => child.kill('SIGKILL');
  signal?.addEventListener('abort', stop, { once: true });
  let answer: MeasuredTraining | undefined;
  let log = '';
  child.on('message', (message: MeasuredTraining) => {
    answer = message;
  });
  child.stderr?.on('data', (chunk) => {
    log += chunk;
  });
  const [code, by] = await once(child, 'close');
  signal?.removeEventListener('abort', stop);
  signal?.throwIfAborted();
  if (answer) return answer;
  throw new KdadError('BENCH_FAILED', `training with batches of ${job.batch} ended with ${code ?? by}: ${log.trim()}`);
}
