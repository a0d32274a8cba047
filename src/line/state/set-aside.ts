import { readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

/** Damaged things of one name that are kept at most, for whoever wants to look into them. */
const KEPT = 3;

/**
 * Moves a damaged file or folder out of the way: beside itself, as `<name>.damaged-<time>`. Of those that earlier ones
 * left, the oldest go.
 * @returns where it is now
 * @throws the file system's error when it cannot be moved
 */
export async function setAside(path: string, now = Date.now()): Promise<string> {
  const folder = dirname(path);
  const mark = `${basename(path)}.damaged-`;
  // A time that is a name everywhere, and sorts.
  const place = join(folder, `${mark}${new Date(now).toISOString().replaceAll(':', '-')}`);
  await rename(path, place);
  const earlier = (await readdir(folder)).filter((name) => name.startsWith(mark)).sort();
  for (const name of earlier.slice(0, -KEPT)) await rm(join(folder, name), { recursive: true, force: true });
  return place;
}
