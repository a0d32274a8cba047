import { lstat, readdir, readlink, rename, rm, symlink } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { KdadError } from '../../common/errors.js';

/** Link to the version that is in use, and to the one that was before it. */
const CURRENT = 'current';
const PREVIOUS = 'previous';

/**
 * A store holds the versions of one model, each a bundle, and says by a link which one is in use:
 * `models/<name>/<version>/`, `models/<name>/current -> <version>`.
 */
export interface Store {
  readonly versions: readonly string[];
  /** Undefined while none was activated. */
  readonly current?: string;
  readonly previous?: string;
}

/**
 * @throws KdadError BUNDLE_MISSING where no version is, BUNDLE_UNREADABLE where the file system does not let us look
 */
export async function readStore(folder: string): Promise<Store> {
  const entries = await readdir(folder, { withFileTypes: true }).catch((cause: NodeJS.ErrnoException) => {
    const code = cause.code === 'ENOENT' || cause.code === 'ENOTDIR' ? 'BUNDLE_MISSING' : 'BUNDLE_UNREADABLE';
    throw new KdadError(code, `${folder}: ${cause.message}`, { cause });
  });
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  const bundles = await Promise.all(folders.map((name) => isFile(join(folder, name, 'manifest.json'))));
  const versions = folders.filter((_, i) => bundles[i]).sort(inNaturalOrder);
  if (versions.length === 0) {
    throw new KdadError('BUNDLE_MISSING', `${folder}: no versions here (folders that kdad-edge train wrote)`);
  }
  return { versions, current: await target(folder, CURRENT), previous: await target(folder, PREVIOUS) };
}

/** Where a bundle lies, and its name and version; a store stands for the version in use. */
export interface Place {
  readonly directory: string;
  readonly name: string;
  /** Undefined for a bundle that is in no store. */
  readonly version?: string;
}

/** @param path absolute, of a bundle, of a version in a store, or of a store */
export async function locate(path: string): Promise<Place> {
  const current = (await isFile(join(path, 'manifest.json'))) ? undefined : await target(path, CURRENT);
  if (current !== undefined) return { directory: join(path, current), name: basename(path), version: current };
  const store = dirname(path);
  const stored = (await target(store, CURRENT)) !== undefined;
  return stored
    ? { directory: path, name: basename(store), version: basename(path) }
    : { directory: path, name: basename(path) };
}

/**
 * The versions of a store that may stand in for the one in use, the best first: the one that was in use before, then
 * those with an earlier name, the latest first, since links can be set by hand. Empty for what is no store.
 */
export async function versionsBefore(path: string): Promise<string[]> {
  const { directory, version } = await locate(path);
  if (directory === path || version === undefined) return [];
  const previous = await target(path, PREVIOUS);
  const { versions } = await readStore(path).catch(() => ({ versions: [] }));
  const earlier = versions.filter((other) => other !== previous && inNaturalOrder(other, version) < 0).reverse();
  return previous === undefined ? earlier : [previous, ...earlier];
}

/**
 * Puts a version to use; the one before is remembered. A reader sees the old or the new link, never none.
 * @throws KdadError BUNDLE_MISSING for a version that is not there; OUTPUT_EXISTS, OUTPUT_UNWRITABLE where no link can
 *   be made: nothing has changed then
 */
export async function activate(folder: string, version: string): Promise<void> {
  const { versions, current } = await readStore(folder);
  if (!versions.includes(version)) {
    throw new KdadError('BUNDLE_MISSING', `${folder}: no version ${version}; there are ${versions.join(', ')}`);
  }
  if (current === version) return;
  await link(folder, current === undefined ? { [CURRENT]: version } : { [PREVIOUS]: current, [CURRENT]: version });
}

/**
 * Back to the version that was in use before.
 * @returns that version
 * @throws KdadError BUNDLE_MISSING when there was none, or it is gone
 */
export async function rollback(folder: string): Promise<string> {
  const { previous } = await readStore(folder);
  if (previous === undefined) throw new KdadError('BUNDLE_MISSING', `${folder}: no version was in use before`);
  await activate(folder, previous);
  return previous;
}

/** Makes all links before the first one takes its place, so that what can fail does so before anything has changed. */
async function link(folder: string, versions: Readonly<Record<string, string>>): Promise<void> {
  const links = Object.entries(versions).map(([name, version]) => ({
    path: join(folder, name),
    temporary: join(folder, `.${name}-${process.pid}`),
    version,
  }));
  for (const { path } of links) {
    const there = await lstat(path).catch(() => undefined);
    if (there && !there.isSymbolicLink()) {
      throw new KdadError('OUTPUT_EXISTS', `${path}: expected a link to a version, or nothing`);
    }
  }
  try {
    for (const { temporary, version } of links) {
      await rm(temporary, { force: true });
      await symlink(version, temporary);
    }
    for (const { temporary, path } of links) await rename(temporary, path);
  } catch (cause) {
    throw new KdadError('OUTPUT_UNWRITABLE', `${folder}: ${(cause as Error).message}`, { cause });
  } finally {
    for (const { temporary } of links) await rm(temporary, { force: true }).catch(() => {});
  }
}

/** The version that a link names: only one in the same folder counts. */
async function target(folder: string, name: string): Promise<string | undefined> {
  const path = await readlink(join(folder, name)).catch(() => '');
  const version = basename(path);
  return ['', '.', '..'].includes(version) ? undefined : version;
}

const isFile = (path: string): Promise<boolean> =>
  lstat(path).then(
    (info) => info.isFile(),
    () => false,
  );

/** 9 before 10. */
const inNaturalOrder = (a: string, b: string): number => a.localeCompare(b, 'en', { numeric: true });
