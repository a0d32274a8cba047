import { access, constants, mkdir, open, rename } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { KdadError } from './errors.js';

/**
 * Makes the folder that will hold a file or folder, and says early, before hours of work, when nothing can be written there.
 * @throws KdadError OUTPUT_UNWRITABLE
 */
export async function makeParent(path: string): Promise<void> {
  const parent = dirname(resolve(path));
  try {
    await mkdir(parent, { recursive: true });
    await access(parent, constants.W_OK);
  } catch (error) {
    const reason = (error as Error).message;
    throw new KdadError('OUTPUT_UNWRITABLE', `${path} cannot be written: ${reason}`, { cause: error });
  }
}

/** Writes a file whole or not at all: beside the target, flushed to disk, then renamed over it. */
export async function replaceFile(path: string, data: Uint8Array | string): Promise<void> {
  const temporary = `${path}.tmp`;
  const handle = await open(temporary, 'w');
  try {
    await handle.writeFile(data);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, path);
}
