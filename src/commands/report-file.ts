import { access, constants, mkdir, stat } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { KdadError } from '../errors.js';
import { replaceFile } from '../files.js';

/** Where a page will be written. */
export interface ReportFile {
  write(page: string): Promise<void>;
}

/**
 * Finds out before the work, not after it, whether a page can be written; makes the folder that it goes to.
 * An older page of that name is replaced.
 *
 * @throws KdadError REPORT_UNWRITABLE
 */
export async function reportFile(path: string): Promise<ReportFile> {
  const folder = dirname(resolve(path));
  try {
    await mkdir(folder, { recursive: true });
    await access(folder, constants.W_OK);
    if ((await stat(path).catch(() => undefined))?.isDirectory())
      throw new Error('this is a folder; name a file in it');
  } catch (error) {
    throw new KdadError('REPORT_UNWRITABLE', `${path}: ${(error as Error).message}`, { cause: error });
  }
  return {
    write: async (page) => {
      await replaceFile(path, page);
      console.error(`Wrote ${path}`);
    },
  };
}
