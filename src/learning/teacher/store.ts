import { mkdir, readdir, readFile, stat } from 'node:fs/promises';
import { basename, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dataFolder, type Environment } from '../../common/data-folder.js';
import { KdadError } from '../../common/errors.js';
import { replaceFile } from '../../common/files.js';
import type { Weights } from '../../method/model/weights.js';
import { readTeacher, sha256Of } from '../../method/weights/read-teacher.js';
import { readSafetensors, writeSafetensors } from '../../method/weights/safetensors.js';

/** A teacher that can be named instead of its file. */
export interface StoredTeacher {
  readonly name: string;
  readonly path: string;
  /** Where it came from: an address, or the name of a file. */
  readonly origin: string;
  /** Of the file at `path`, in hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
}

export interface StoreOptions {
  /** Puts the teacher in the place of one of the same name; refused otherwise. */
  readonly replace?: boolean;
  readonly environment?: Environment;
}

/** The teacher that comes with the package. */
export const embedded = {
  name: 'kdad-r18',
  path: fileURLToPath(new URL('../../../assets/teacher/kdad-r18.safetensors', import.meta.url)),
} as const;

const EXTENSION = '.safetensors';

/**
 * Where teachers are kept: KDAD_EDGE_TEACHERS, else `kdad-edge/teachers` where the XDG specification puts a user's
 * data.
 */
export function teacherFolder(environment: Environment = process.env): string {
  const { KDAD_EDGE_TEACHERS: own } = environment;
  return own ? resolve(own) : join(dataFolder(environment), 'teachers');
}

/**
 * The file of a teacher: the embedded one by default, a file by its path, or one that is kept here by its name.
 * @throws KdadError WEIGHTS_INVALID for a name that nobody has, with the names there are
 */
export async function resolveTeacher(
  nameOrFile: string | undefined,
  environment: Environment = process.env,
): Promise<string> {
  if (nameOrFile === undefined) return embedded.path;
  if (looksLikeFile(nameOrFile) || (await isFile(nameOrFile))) return nameOrFile;
  if (nameOrFile === embedded.name) return embedded.path;
  const names = await storedNames(environment);
  if (names.includes(nameOrFile)) return pathOf(nameOrFile, environment);
  const known = [embedded.name, ...names].join(', ');
  const advice = 'kdad-edge teacher pull NAME and teacher import FILE --name NAME add others';
  throw new KdadError('WEIGHTS_INVALID', `no teacher has the name "${nameOrFile}"; there are ${known}; ${advice}`);
}

/** Every teacher that can be named, the embedded one first. One whose file is damaged has that for its origin. */
export async function listTeachers(environment: Environment = process.env): Promise<StoredTeacher[]> {
  const stored = (await storedNames(environment)).map((name) => ({ name, path: pathOf(name, environment) }));
  const all = (await isFile(embedded.path)) ? [embedded, ...stored] : stored;
  return Promise.all(all.map(describe));
}

/**
 * Keeps a copy of a teacher under a name. The same file gives the same bytes, under whatever name.
 * @throws KdadError WEIGHTS_INVALID, USAGE for a name that cannot be used or is taken, STORE_UNWRITABLE
 */
export async function importTeacher(file: string, name: string, options: StoreOptions = {}): Promise<StoredTeacher> {
  await checkName(name, options);
  const { weights, sha256 } = await readTeacher(file);
  return keepTeacher(weights, name, { origin: basename(file), sha256 }, options);
}

/**
 * Writes folded weights into the store, whole or not at all.
 * @param source where they came from, and the SHA-256 of that file
 * @throws KdadError USAGE for a name that cannot be used or is taken, STORE_UNWRITABLE
 */
export async function keepTeacher(
  weights: Weights,
  name: string,
  source: { readonly origin: string; readonly sha256: string },
  options: StoreOptions = {},
): Promise<StoredTeacher> {
  await checkName(name, options);
  const path = pathOf(name, options.environment);
  const { origin, sha256 } = source;
  await writeIntoStore(path, writeSafetensors(weights, { metadata: { origin, sha256 } }), options.environment);
  return describe({ name, path });
}

/** @throws KdadError USAGE for a name that cannot be used, or is taken and not to be replaced */
export async function checkName(name: string, { replace = false, environment }: StoreOptions = {}): Promise<void> {
  if (!/^[A-Za-z0-9][A-Za-z0-9._-]*$/.test(name) || looksLikeFile(name)) {
    const expected =
      'letters, digits, dots, underscores and hyphens, beginning with a letter or digit, no file extension';
    throw new KdadError('USAGE', `"${name}" cannot be the name of a teacher; expected ${expected}`);
  }
  if (name === embedded.name) {
    throw new KdadError('USAGE', `"${name}" is the teacher that comes with kdad-edge; choose another name`);
  }
  if (!replace && (await isFile(pathOf(name, environment)))) {
    throw new KdadError(
      'USAGE',
      `a teacher "${name}" is in ${teacherFolder(environment)} already; --replace replaces it`,
    );
  }
}

/** @throws KdadError STORE_UNWRITABLE */
export async function writeIntoStore(
  path: string,
  data: Uint8Array | string,
  environment?: Environment,
): Promise<void> {
  try {
    await mkdir(teacherFolder(environment), { recursive: true });
    await replaceFile(path, data);
  } catch (error) {
    const { message: reason } = error instanceof KdadError ? (error.cause as Error) : (error as Error);
    throw new KdadError('STORE_UNWRITABLE', `${path}: cannot be written (${reason})`, { cause: error });
  }
}

const pathOf = (name: string, environment?: Environment): string =>
  join(teacherFolder(environment), `${name}${EXTENSION}`);

const looksLikeFile = (text: string): boolean => /[/\\]|\.(safetensors|pth)$/i.test(text);

async function isFile(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isFile() ?? false;
}

async function storedNames(environment: Environment): Promise<string[]> {
  const files = await readdir(teacherFolder(environment)).catch(() => []);
  return files
    .filter((file) => file.endsWith(EXTENSION))
    .map((file) => file.slice(0, -EXTENSION.length))
    .sort();
}

async function describe({ name, path }: { name: string; path: string }): Promise<StoredTeacher> {
  const bytes = await readFile(path);
  let origin: string;
  try {
    origin = readSafetensors(bytes, path).metadata.origin ?? 'unknown';
  } catch (error) {
    origin = `damaged: ${(error as Error).message}`;
  }
  return { name, path, origin, sha256: sha256Of(bytes), bytes: bytes.length };
}
