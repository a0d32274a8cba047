import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('../../main.js', import.meta.url));

/** Milliseconds that the daemon has to end by itself. */
const GRACE = 10_000;

/** `kdad-edge run` as a child process. */
export interface DaemonProcess {
  readonly pid: number;
  /** Of its HTTP server, once it listens. */
  readonly port: Promise<number>;
  /** Its exit code, when it has ended. */
  readonly ended: Promise<number | null>;
  /** SIGTERM, grace, SIGKILL. */
  stop(): Promise<void>;
}

/** Starts the built daemon. @param log the file that what it says goes to */
export function startDaemon(config: string, log: string): DaemonProcess {
  const child = spawn(process.execPath, [main, 'run', '--config', config], { stdio: ['ignore', 'pipe', 'pipe'] });
  return {
    pid: child.pid as number,
    port: follow(child, log),
    ended: once(child, 'exit').then(([code]) => code as number | null),
    stop: () => end(child),
  };
}

function follow(daemon: ChildProcess, path: string): Promise<number> {
  const file = createWriteStream(path);
  for (const stream of [daemon.stdout, daemon.stderr]) stream?.pipe(file, { end: false });
  daemon.once('close', () => file.end());
  return new Promise((resolve) => {
    createInterface({ input: daemon.stdout as NodeJS.ReadableStream }).on('line', (text) => {
      const port = /"port":(\d+).*"metrics served"/.exec(text)?.[1];
      if (port) resolve(Number(port));
    });
  });
}

async function end(daemon: ChildProcess): Promise<void> {
  if (daemon.exitCode !== null || daemon.signalCode !== null) return;
  const exited = once(daemon, 'exit');
  daemon.kill('SIGTERM');
  const timer = setTimeout(() => daemon.kill('SIGKILL'), GRACE);
  await exited;
  clearTimeout(timer);
}
