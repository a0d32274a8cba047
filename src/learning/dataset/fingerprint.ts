import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { KdadError } from '../../common/errors.js';

/**
 * Says which data it was: the SHA-256 of what `sha256sum` prints for these files, sorted by path. Anyone can compute it
 * again: `LC_ALL=C; find train -name '*.png' | sort | xargs sha256sum | sha256sum`
 *
 * @param paths relative to `root`, with forward slashes
 * @throws KdadError IMAGE_UNREADABLE
 */
export async function fingerprint(root: string, paths: readonly string[]): Promise<string> {
  const whole = createHash('sha256');
  for (const path of [...paths].sort()) whole.update(`${await sha256Of(join(root, path))}  ${path}\n`);
  return whole.digest('hex');
}

async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path), hash).catch((cause: Error) => {
    throw new KdadError('IMAGE_UNREADABLE', `${path}: ${cause.message}`, { cause });
  });
  return hash.digest('hex');
}
