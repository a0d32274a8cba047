import { stat } from 'node:fs/promises';
import { KdadError } from '../../common/errors.js';
import { makeParent, replaceFile } from '../../common/files.js';

/** Where a page will be written. */
export interface ReportFile {
  write(page: string): Promise<void>;
}

/**
 * Finds out before the work, not after it, whether a page can be written; makes the folder that it goes to.
 * An older page of that name is replaced.
 *
 * @throws KdadError OUTPUT_UNWRITABLE
 */
export async function reportFile(path: string): Promise<ReportFile> {
  await makeParent(path);
  if ((await stat(path).catch(() => undefined))?.isDirectory())
    throw new KdadError('OUTPUT_UNWRITABLE', `${path}: this is a folder; name a file in it`);
  return {
    write: async (page) => {
      await replaceFile(path, page);
      console.error(`Wrote ${path}`);
    },
  };
}
