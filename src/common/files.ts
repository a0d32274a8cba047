import { access, constants, mkdir, open, rename, rm } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { KdadError } from './errors.js';

/**
 * Makes the folder that will hold a file or folder, and says early, before hours of work, when nothing can be written
 * there.
 * @throws KdadError OUTPUT_UNWRITABLE
 */
export async function makeParent(path: string): Promise<void> {
  const parent = dirname(resolve(path));
  try {
    await mkdir(parent, { recursive: true });
    await access(parent, constants.W_OK);
  } catch (error) {
    throw unwritable(path, error);
  }
}

/** What a failure of the file system means to the user: no permission, say, or a full disk. */
export function unwritable(path: string, cause: unknown): KdadError {
  return new KdadError('OUTPUT_UNWRITABLE', `${path} cannot be written: ${(cause as Error).message}`, { cause });
}

/**
 * What an error of the operating system means to the user where nobody could say more: it names call and path.
 * @returns undefined for any other error
 */
export function systemFailure(error: unknown): KdadError | undefined {
  const { code, syscall, message } = error as Partial<NodeJS.ErrnoException>;
  const isSystems = error instanceof Error && typeof code === 'string' && typeof syscall === 'string';
  return isSystems ? new KdadError('FILE_UNUSABLE', `${message}`, { cause: error }) : undefined;
}

/**
 * Writes a file whole or not at all: beside the target, flushed to disk, then renamed over it.
 * @throws KdadError OUTPUT_UNWRITABLE, and leaves nothing behind
 */
export async function replaceFile(path: string, data: Uint8Array | string): Promise<void> {
  const temporary = `${path}.tmp`;
  try {
    await writeFlushed(temporary, data, 'w');
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => {});
    throw unwritable(path, error);
  }
}

/** @param flags as of `open`: `w` replaces a file, `wx` refuses to */
export async function writeFlushed(path: string, data: Uint8Array | string, flags: 'w' | 'wx'): Promise<void> {
  const handle = await open(path, flags);
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
}
