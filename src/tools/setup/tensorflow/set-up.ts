import { createWriteStream, type WriteStream } from 'node:fs';
import { readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { KdadError } from '../../../common/errors.js';
import { makeParent, unwritable } from '../../../common/files.js';
import { version } from '../../../common/version.js';
import { addonFolder } from '../../../method/engine/tensorflow/addon.js';
import { compileAddon, findCompiler, installPackages } from './addon-build.js';
import type { RunOptions } from './run.js';
import { type Verified, verify } from './verify.js';
import { findWheel, type Wheel } from './wheel.js';

export interface SetUpOptions {
  /** The Python that has TensorFlow. */
  readonly python: string;
  readonly environment?: NodeJS.ProcessEnv;
  readonly signal?: AbortSignal;
  readonly onStep?: (step: string) => void;
  /** The compiled `verify-main.js`. */
  readonly verifyEntry?: URL;
}

export interface SetUp extends Verified {
  readonly folder: string;
  readonly log: string;
  readonly wheel: Wheel;
  /** Whether it was set up already, and only had to be verified. */
  readonly kept: boolean;
}

/** Says in a folder what it was made from. */
const RECORD = 'made-from.json';

/**
 * Sets up the tensorflow engine: finds the wheel, installs tfjs-node beside, compiles its addon against the wheel's
 * library, and has it take a step of training. The folder is made beside its place and takes it when all is well; until
 * then what was there stays.
 *
 * @throws KdadError PYTHON_MISSING, WHEEL_MISSING, COMPILER_MISSING, NPM_FAILED, COMPILE_FAILED, TENSORFLOW_BROKEN,
 *   OUTPUT_UNWRITABLE, INTERRUPTED
 */
export async function setUpTensorflow(options: SetUpOptions): Promise<SetUp> {
  const { environment = process.env, signal } = options;
  const folder = addonFolder(environment);
  await makeParent(folder);
  const path = `${folder}.log`;
  const log = createWriteStream(path);
  // Without its log, what is left still works.
  log.on('error', () => {});
  try {
    return { ...(await make(folder, { ...options, environment }, log)), folder, log: path };
  } catch (error) {
    if (signal?.aborted) throw new KdadError('INTERRUPTED', 'stopped; what was set up before stays', { cause: error });
    if (!(error instanceof KdadError)) throw unwritable(folder, error);
    throw logged.has(error.code) ? new KdadError(error.code, `${error.message}\n  All of it is in ${path}`) : error;
  } finally {
    log.end();
  }
}

/** What is told with its last lines only. */
const logged = new Set<string>(['NPM_FAILED', 'COMPILE_FAILED', 'TENSORFLOW_BROKEN']);

async function make(
  folder: string,
  { python, environment, signal, onStep, verifyEntry }: SetUpOptions & { environment: NodeJS.ProcessEnv },
  log: WriteStream,
): Promise<Omit<SetUp, 'folder' | 'log'>> {
  const running: RunOptions = { env: environment, log, signal };
  const verified = (place: string) => {
    onStep?.('Taking a step of training');
    return verify(place, running, verifyEntry);
  };
  const wheel = await findWheel(python, running);
  onStep?.(`TensorFlow of ${python}: ${wheel.folder}`);
  const record = JSON.stringify({ kdadEdge: version, wheel: wheel.folder });
  if ((await readFile(join(folder, RECORD), 'utf8').catch(() => '')) === record) {
    const found = await verified(folder).catch(() => undefined);
    if (found) return { ...found, wheel, kept: true };
  }
  const compiler = await findCompiler(environment, running);
  const partial = `${folder}.partial`;
  try {
    await rm(partial, { recursive: true, force: true });
    onStep?.('Installing tfjs-node, about 300 MB');
    await installPackages(partial, running);
    onStep?.(`Compiling its addon with ${compiler}`);
    await compileAddon(partial, wheel, compiler, running);
    await writeFile(join(partial, RECORD), record);
    const result = await verified(partial);
    await replace(folder, partial);
    return { ...result, wheel, kept: false };
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
}

async function replace(folder: string, by: string): Promise<void> {
  const old = `${folder}.old`;
  await rm(old, { recursive: true, force: true });
  await rename(folder, old).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rename(by, folder);
  await rm(old, { recursive: true, force: true });
}
