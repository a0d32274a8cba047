// A dataset in which one in fifty of the good images to learn from is a defective one, as where nobody has looked
// closely.
import { copyFile, mkdir, rm } from 'node:fs/promises';
import { basename, dirname, extname, join } from 'node:path';
import { findDataset } from '../../dist/learning/dataset/dataset.js';
import { shuffle } from '../../dist/learning/dataset/split.js';

/** Of the good images. */
const SHARE = 1 / 50;

/**
 * Writes it to a folder; test images that were taken are no test images there.
 * @returns paths in the dataset of the images that are defective
 */
export async function spoil(data, folder, seed) {
  const { root, good, tests } = await findDataset(data);
  const defective = shuffle(
    tests.filter(({ kind }) => kind !== 'good').map(({ path }) => path),
    seed,
  );
  const replaced = Math.max(1, Math.round(SHARE * good.length));
  const taken = defective.slice(0, replaced);
  const kept = shuffle(good, seed).slice(replaced);
  await rm(folder, { recursive: true, force: true });
  const copy = async (from, to) => {
    await mkdir(dirname(join(folder, to)), { recursive: true });
    await copyFile(join(root, from), join(folder, to));
  };
  for (const path of kept) await copy(path, join('train/good', basename(path)));
  const spoiled = taken.map((path, i) => join('train/good', `spoiled-${i}${extname(path)}`));
  for (const [i, path] of taken.entries()) await copy(path, spoiled[i]);
  for (const { path, kind } of tests) if (!taken.includes(path)) await copy(path, join('test', kind, basename(path)));
  return spoiled;
}
