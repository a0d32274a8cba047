import { type ChildProcess, type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';

/**
 * Starts a program that leads a process group, so that nothing that a wrapper script starts outlives it.
 * @throws Error when it cannot be started: no such program, no rights, no file descriptor or process left
 */
export async function spawnGroup(
  path: string,
  args: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<ChildProcessWithoutNullStreams> {
  const child = spawn(path, args, { stdio: 'pipe', detached: true, env });
  if (child.pid === undefined) {
    const [error] = await once(child, 'error'); // Without descriptors the child has no streams either.
    throw error;
  }
  child.on('error', () => {}); // A signal that could not be sent; nobody waits for that.
  child.once('exit', () => signalGroup(child.pid as number, 'SIGKILL'));
  return child;
}

/** SIGTERM, grace (milliseconds), SIGKILL, to the process and all that it started. */
export async function terminateGroup(child: ChildProcess, grace: number): Promise<void> {
  if (child.pid !== undefined && child.exitCode === null && child.signalCode === null) {
    const exited = once(child, 'exit');
    signalGroup(child.pid, 'SIGTERM');
    const killer = setTimeout(signalGroup, grace, child.pid, 'SIGKILL');
    await exited;
    clearTimeout(killer);
  }
  child.stdout?.destroy();
  child.stderr?.destroy();
}

function signalGroup(leader: number, signal: NodeJS.Signals): void {
  try {
    process.kill(-leader, signal);
  } catch {
    // ESRCH: none of them is left. EPERM: those that are left run as another user, and are not ours to end.
  }
}
