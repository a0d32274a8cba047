import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { access, constants, stat, statfs } from 'node:fs/promises';
import { get, type IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import { dirname } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { KdadError } from '../../common/errors.js';
import type { Config } from '../../line/config/schema.js';
import { type Finding, ok, skipped, warning } from './finding.js';

/** Whether the state folder can be written, or made, and evidence finds room on its disk. */
export async function checkDisk({ stateDir, evidence }: Config): Promise<Finding> {
  const unusable = (reason: string, cause?: unknown) =>
    new KdadError('STATE_UNUSABLE', `${stateDir}: ${reason}`, { cause });
  const place = await nearestFolder(stateDir);
  const info = await stat(place);
  if (!info.isDirectory()) throw unusable(`${place} is no folder`);
  await access(place, constants.W_OK | constants.X_OK).catch((cause: Error) => {
    throw unusable(`${place} cannot be written`, cause);
  });
  const { bavail, bsize } = await statfs(place);
  const free = (bavail * bsize) / 1e6;
  const found = `${stateDir} can be written, ${(free / 1000).toFixed(1)} GB free`;
  if (!evidence.keep || free >= evidence.minFree) return ok('disk', found);
  return warning(
    'disk',
    `${found}: less than evidence.minFree (${evidence.minFree} MB), so no evidence is kept`,
    'Make room on the disk, or lower evidence.minFree.',
  );
}

/** The folder itself, or the one that it would be made in. */
async function nearestFolder(path: string): Promise<string> {
  const there = await access(path).then(
    () => true,
    () => false,
  );
  return there || path === dirname(path) ? path : nearestFolder(dirname(path));
}

/** Alerts and evidence carry the time of this machine. */
export async function checkClock(signal: AbortSignal): Promise<Finding> {
  const asked = promisify(execFile)('timedatectl', ['show', '-p', 'NTPSynchronized', '--value'], { signal });
  const answer = await asked.then(
    ({ stdout }) => stdout.trim(),
    () => undefined,
  );
  if (answer === 'yes') return ok('clock', 'synchronised with the network');
  if (answer !== 'no') return skipped('clock', 'timedatectl does not answer here');
  return warning(
    'clock',
    'not synchronised: alerts may carry the wrong time',
    'Turn it on (timedatectl set-ntp true), or see why no time server answers.',
  );
}

/** Whether the daemon can listen where it should, or does already. */
export async function checkPort({ http: { host, port } }: Config, signal: AbortSignal): Promise<Finding> {
  if (port === 0) return ok('port', 'any free one');
  const failure = await new Promise<NodeJS.ErrnoException | undefined>((resolve) => {
    const server = createServer();
    server.once('error', resolve).listen(port, host, () => server.close(() => resolve(undefined)));
  });
  const place = `${host} port ${port}`;
  if (!failure) return ok('port', `${place} is free`);
  if (failure.code === 'EADDRINUSE' && (await isOurs(host, port, signal))) {
    return ok('port', `${place} is served by a kdad-edge that runs`);
  }
  throw new KdadError('PORT_TAKEN', `cannot listen on ${place}: ${failure.message}`, { cause: failure });
}

async function isOurs(host: string, port: number, signal: AbortSignal): Promise<boolean> {
  const name = host === '0.0.0.0' || host === '::' ? 'localhost' : host;
  try {
    // Not fetch: it waits for ever where a server hangs up without an answer.
    const [response] = (await once(get({ host: name, port, path: '/healthz', signal }), 'response')) as [
      IncomingMessage,
    ];
    return (JSON.parse(await text(response)) as { status?: unknown } | null)?.status === 'ok';
  } catch {
    return false;
  }
}
