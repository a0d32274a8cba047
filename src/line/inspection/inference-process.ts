import { type ChildProcess, fork } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { throwIfInterrupted } from '../../common/abort.js';
import { type ErrorCode, KdadError } from '../../common/errors.js';
import { failureOf, type SelfTest } from '../../method/bundle/self-test.js';
import type { DetectorSource, Used } from '../../method/detector/detector.js';
import type { DetectorOptions } from '../../method/detector/open-detector.js';
import { openOn } from '../../method/engine/onnx/device.js';
import type { Answer, Request } from './messages.js';

export interface InferenceProcessOptions extends DetectorOptions {
  /** The bundle, as it was opened. */
  readonly source: DetectorSource;
  /** What every process has to get right before it judges. */
  readonly selfTest?: SelfTest;
  /**
   * Frames of the largest batch that will come: one as large is judged at start, so that the memory which it takes is
   * there, or missing, from the beginning and not some night.
   */
  readonly maxBatch?: number;
  /** Milliseconds that loading, and each batch, may take. */
  readonly timeout: number;
  /** A process was given up; the next batch goes to a new one. */
  readonly onLoss: (reason: string) => void;
  /** The compiled `inference-main.js`. */
  readonly entry?: URL;
}

export type JudgeRequest = Omit<Extract<Request, { kind: 'judge' }>, 'kind'>;
export type JudgedBatch = Extract<Answer, { kind: 'judged' }>;

/** Milliseconds before a process that died is replaced, so that one that always dies does not keep a core busy. */
const RESPAWN_DELAY = 500;
/** Milliseconds from SIGTERM to SIGKILL. */
const KILL_GRACE = 2000;

/** Runs the detector in a child process, and replaces the process when it dies or hangs. */
export class InferenceProcess {
  readonly #options: InferenceProcessOptions;
  #child: ChildProcess | undefined;
  #ready: Promise<void> | undefined;
  #stopped = true;
  #proven = false;

  constructor(options: InferenceProcessOptions) {
    this.#options = options;
  }

  /** Whether a process is there that has loaded the detector and passed its self-test. */
  get ready(): boolean {
    return this.#proven;
  }

  /**
   * Resolves when the detector is loaded and has passed its self-test.
   * @param signal ends that, and the process with it
   * @throws KdadError INFERENCE_FAILED, DEVICE_UNUSABLE, INTERRUPTED
   */
  async start(signal?: AbortSignal): Promise<void> {
    throwIfInterrupted(signal);
    this.#stopped = false;
    const interrupt = () => void this.stop();
    signal?.addEventListener('abort', interrupt, { once: true });
    try {
      this.#ready = this.#spawn();
      await this.#ready;
    } catch (error) {
      throwIfInterrupted(signal);
      throw asFailure(error);
    } finally {
      signal?.removeEventListener('abort', interrupt);
    }
    throwIfInterrupted(signal);
  }

  /** When it resolves the process is gone. A batch in flight is lost. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#kill();
  }

  /**
   * Judges one batch; call it again only after it has settled.
   * @throws KdadError INFERENCE_FAILED when the batch is lost; the next call goes to a new process
   */
  async judge(request: JudgeRequest): Promise<JudgedBatch> {
    if (this.#stopped) throw new KdadError('INFERENCE_FAILED', 'the inference process is stopped');
    this.#ready ??= sleep(RESPAWN_DELAY).then(() => this.#spawn());
    try {
      await this.#ready;
      return (await this.#ask({ kind: 'judge', ...request })) as JudgedBatch;
    } catch (error) {
      const failure = asFailure(error);
      await this.#replace(failure);
      throw failure;
    }
  }

  async #spawn(): Promise<void> {
    const { engine, device: asked, onDevice } = this.#options;
    if (engine === 'tensorflow') {
      onDevice?.(await this.#spawnOn(asked));
    } else {
      const { opened, passedOver } = await openOn(asked ?? 'cpu', (one) => this.#spawnOn(one));
      onDevice?.({ ...opened, passedOver });
    }
    this.#proven = true;
  }

  /** In a process of its own for each device, since a broken driver may take it along. @returns what is in use */
  async #spawnOn(device: string | undefined): Promise<Pick<Used, 'device' | 'threads'>> {
    if (this.#stopped) throw new KdadError('INFERENCE_FAILED', 'the inference process is stopped');
    await this.#kill();
    const { source, engine, threads, entry = new URL('./inference-main.js', import.meta.url) } = this.#options;
    const child = fork(entry, {
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // glibc's many arenas fragment under batches of changing size: memory crept up by 1.5 MB a minute.
      env: { ...process.env, MALLOC_ARENA_MAX: '1' },
    });
    child.on('error', () => {}); // Whoever waits for an answer hears of it.
    this.#child = child;
    // Between frames the cores are for the cameras.
    const options = { engine, threads, device, spinning: false };
    const loaded = await this.#ask({ kind: 'load', source, options });
    await this.#prove();
    const { device: used, threads: inUse } = loaded as Extract<Answer, { kind: 'loaded' }>;
    return { device: used, threads: inUse };
  }

  async #prove(): Promise<void> {
    const { selfTest, maxBatch = 1 } = this.#options;
    if (!selfTest) return;
    for (const batch of new Set([1, maxBatch])) {
      const frames = Buffer.concat(Array<Uint8Array>(batch).fill(selfTest.frame));
      const mapsFrom = Array<number>(batch).fill(Number.POSITIVE_INFINITY);
      const { scores } = (await this.#ask({ kind: 'judge', batch, frames, mapsFrom })) as JudgedBatch;
      for (const score of scores) {
        const failure = failureOf(selfTest, score);
        if (failure !== undefined) throw new KdadError('INFERENCE_FAILED', failure);
      }
    }
  }

  async #replace(reason: Error): Promise<void> {
    this.#ready = undefined;
    await this.#kill();
    if (!this.#stopped) this.#options.onLoss(reason.message);
  }

  /** Sends a request and waits for its answer, for the process's end, or for the time-out. */
  #ask(request: Request): Promise<Answer> {
    const child = this.#child as ChildProcess;
    const { timeout } = this.#options;
    return new Promise((resolve, reject) => {
      const fail = (what: string, code?: ErrorCode) =>
        settle(() => reject(new KdadError(code === 'DEVICE_UNUSABLE' ? code : 'INFERENCE_FAILED', what)));
      const onMessage = (answer: Answer) =>
        answer.kind === 'failed' ? fail(answer.message, answer.code) : settle(() => resolve(answer));
      const onExit = (code: number | null, signal: NodeJS.Signals | null) =>
        fail(`the inference process ended (${signal ?? `exit code ${code}`})`);
      const onError = (error: Error) => fail(`the inference process cannot be reached: ${error.message}`);
      const timer = setTimeout(() => fail(`no answer from the inference process within ${timeout / 1000} s`), timeout);
      const settle = (then: () => void) => {
        clearTimeout(timer);
        child.off('message', onMessage).off('exit', onExit).off('error', onError);
        then();
      };
      child.on('message', onMessage).on('exit', onExit).on('error', onError);
      if (child.exitCode !== null || child.signalCode !== null) onExit(child.exitCode, child.signalCode);
      // One that could not be started has no channel; its error comes at once.
      else if (child.pid !== undefined) child.send(request, (error) => error && onError(error));
    });
  }

  async #kill(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    this.#proven = false;
    if (child?.pid === undefined || child.exitCode !== null || child.signalCode !== null) return;
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGTERM');
    const timer = setTimeout(() => child.kill('SIGKILL'), KILL_GRACE);
    await gone;
    clearTimeout(timer);
  }
}

/** Whatever keeps a batch from being judged loses that batch, and nothing else. */
function asFailure(error: unknown): KdadError {
  if (error instanceof KdadError) return error;
  const message = `the inference process cannot be used: ${(error as Error).message}`;
  return new KdadError('INFERENCE_FAILED', message, { cause: error });
}
