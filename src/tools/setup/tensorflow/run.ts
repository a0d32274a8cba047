import { spawn } from 'node:child_process';
import type { WriteStream } from 'node:fs';

export interface RunOptions {
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** Gets the command and all that it prints. */
  readonly log: WriteStream;
  readonly signal?: AbortSignal;
}

/** How a program ended. */
export interface Ended {
  /** False where there is no such program. */
  readonly found: boolean;
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  /** What it printed last, standard error included. */
  readonly lastLines: string;
}

const LAST_LINES = 8;

/** Runs a program to its end. @throws the signal's reason when aborted */
export async function run(command: string, args: readonly string[], options: RunOptions): Promise<Ended> {
  const { log, signal, ...rest } = options;
  signal?.throwIfAborted();
  log.write(`$ ${[command, ...args].join(' ')}\n`);
  const child = spawn(command, args, { ...rest, signal, stdio: ['ignore', 'pipe', 'pipe'] });
  let [stdout, all] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (text) => {
    stdout += text;
  });
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text) => {
      all += text;
      log.write(text);
    });
  }
  let missing = false;
  child.on('error', (error: NodeJS.ErrnoException) => {
    missing = error.code === 'ENOENT' || error.code === 'EACCES';
    // Its own children may hold them open after it was killed.
    child.stdout.destroy();
    child.stderr.destroy();
  });
  // Comes after an error, too.
  const [code, killedBy] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once('close', (...ended) => resolve(ended));
  });
  signal?.throwIfAborted();
  const lastLines = all.trimEnd().split('\n').slice(-LAST_LINES).join('\n');
  return { found: !missing, code: missing ? null : code, signal: killedBy, stdout, lastLines };
}
