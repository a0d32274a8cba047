import { chmod, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * What this process makes from now on is written by its user and read by its group at most: a line's pictures and
 * alerts are nobody else's. A umask that is stricter stays.
 */
export function closeToOthers(): void {
  process.umask(process.umask() | 0o027);
}

/**
 * Takes from others what an earlier run left open of these entries of a folder. What is not there, or not ours to
 * change, stays as it is.
 */
export async function closeEntries(folder: string, names: readonly string[]): Promise<void> {
  for (const name of names) {
    const path = join(folder, name);
    const mode = await stat(path).then(
      (found) => found.mode & 0o7777,
      () => 0,
    );
    if (mode & 0o027) await chmod(path, mode & ~0o027).catch(() => {});
  }
}
