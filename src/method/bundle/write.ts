import { createHash } from 'node:crypto';
import { chmod, mkdir, mkdtemp, open, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { KdadError } from '../../common/errors.js';
import { unwritable, writeFlushed } from '../../common/files.js';
import { type Manifest, manifestSchema } from './manifest.js';

export interface WriteOptions {
  /** Replaces an existing bundle; anything else at that place stays untouched. */
  readonly replace?: boolean;
}

export interface BundleContents {
  /** By name, without `manifest.json`. */
  readonly files: Readonly<Record<string, Uint8Array | string>>;
  /** The manifest, but for the list of files, which is made here. */
  readonly manifest: Omit<Manifest, 'files'>;
}

/**
 * Writes a bundle whole or not at all: into a new folder beside the target, flushed to disk, then renamed. When it
 * replaces one, that moves aside first, and back again should the second rename fail.
 *
 * @throws KdadError OUTPUT_EXISTS, OUTPUT_UNWRITABLE
 */
export async function writeBundle(path: string, contents: BundleContents, options: WriteOptions = {}): Promise<void> {
  const target = resolve(path);
  const occupied = await checkTarget(target, options);
  const manifest = manifestSchema.parse({ ...contents.manifest, files: describe(contents.files) });
  const files = { ...contents.files, 'manifest.json': `${JSON.stringify(manifest, null, 2)}\n` };

  let temporary: string | undefined;
  try {
    await mkdir(dirname(target), { recursive: true });
    temporary = await mkdtemp(join(dirname(target), `.${basename(target)}-`));
    for (const [name, data] of Object.entries(files)) await writeFlushed(join(temporary, name), data, 'wx');
    await flush(temporary);
    // mkdtemp makes folders that only their owner may read; the daemon is often another user.
    await chmod(temporary, 0o755);
    if (occupied) await replaceFolder(temporary, target);
    else await rename(temporary, target);
    await flush(dirname(target));
  } catch (error) {
    throw unwritable(target, error);
  } finally {
    if (temporary !== undefined) await rm(temporary, { recursive: true, force: true });
  }
}

/**
 * Says early, before hours of training, whether `writeBundle` would accept the target.
 *
 * @returns true where a bundle is, that would be replaced
 * @throws KdadError OUTPUT_EXISTS, OUTPUT_UNWRITABLE where we may not even look
 */
export async function checkTarget(path: string, { replace = false }: WriteOptions = {}): Promise<boolean> {
  const present: string[] = await readdir(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    if (error.code === 'ENOTDIR') throw new KdadError('OUTPUT_EXISTS', `${path}: a file is there`, { cause: error });
    throw unwritable(path, error);
  });
  if (present.length === 0) return false;
  const bundle = present.includes('manifest.json');
  if (bundle && replace) return true;
  throw new KdadError('OUTPUT_EXISTS', `${path}: ${bundle ? 'a bundle is there' : 'the folder is not empty'}`);
}

function describe(files: BundleContents['files']): Manifest['files'] {
  const entries = Object.entries(files).map(([name, data]) => {
    const bytes = typeof data === 'string' ? Buffer.from(data) : data;
    return [name, { bytes: bytes.length, sha256: createHash('sha256').update(bytes).digest('hex') }];
  });
  return Object.fromEntries(entries);
}

/** Between the two renames there is no bundle for a moment; a file system offers nothing better through Node. */
async function replaceFolder(source: string, target: string): Promise<void> {
  const aside = await mkdtemp(join(dirname(target), `.${basename(target)}-old-`));
  await rename(target, join(aside, 'bundle'));
  await rename(source, target).catch(async (error) => {
    await rename(join(aside, 'bundle'), target);
    await rmdir(aside);
    throw error;
  });
  await rm(aside, { recursive: true, force: true });
}

async function flush(folder: string): Promise<void> {
  const handle = await open(folder, 'r');
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
