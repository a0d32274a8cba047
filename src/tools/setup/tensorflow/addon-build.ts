import { mkdir, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { KdadError } from '../../../common/errors.js';
import { packageNames } from '../../../method/engine/tensorflow/addon.js';
import { version_core } from '../../../method/tensorflow.js';
import { type RunOptions, run } from './run.js';
import type { Wheel } from './wheel.js';

/** The version of Node-API that the addon is written against: it loads in every later Node. */
const NODE_API = 8;

const [PACKAGE] = packageNames;

const dependencies = { [PACKAGE]: version_core, 'node-api-headers': '1.9.0' };

/** @throws KdadError COMPILER_MISSING */
export async function findCompiler(environment: NodeJS.ProcessEnv, options: RunOptions): Promise<string> {
  const candidates = environment.CXX ? [environment.CXX] : ['g++', 'clang++', 'c++'];
  for (const compiler of candidates) {
    if ((await run(compiler, ['--version'], options)).code === 0) return compiler;
  }
  throw new KdadError('COMPILER_MISSING', `no C++ compiler on the PATH (${candidates.join(', ')})`);
}

/**
 * Installs tfjs-node into a folder of its own. Its installer is kept from running: it would fetch an old TensorFlow.
 * @throws KdadError NPM_FAILED
 */
export async function installPackages(folder: string, options: RunOptions): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, 'package.json'), `${JSON.stringify({ private: true, dependencies }, null, 2)}\n`);
  const flags = ['--ignore-scripts', '--no-package-lock', '--no-audit', '--no-fund', '--prefix', folder];
  const { found, code, lastLines } = await run('npm', ['install', ...flags], { ...options, cwd: folder });
  if (!found) throw new KdadError('NPM_FAILED', 'npm is not on the PATH');
  if (code !== 0) throw new KdadError('NPM_FAILED', `npm cannot install ${PACKAGE} ${version_core}:\n${lastLines}`);
}

/**
 * Compiles tfjs-node's addon against a wheel. Where the library lies is written into the addon (rpath): nothing has to
 * be set when it runs, and the library finds those of CUDA, which wheels look for relative to their own place.
 *
 * @param folder where `installPackages` put it
 * @throws KdadError COMPILE_FAILED
 */
export async function compileAddon(folder: string, wheel: Wheel, compiler: string, options: RunOptions): Promise<void> {
  const modules = join(folder, 'node_modules');
  const source = join(modules, PACKAGE, 'binding');
  const addon = join(modules, PACKAGE, 'lib', `napi-v${NODE_API}`, 'tfjs_binding.node');
  await mkdir(dirname(addon), { recursive: true });
  const args = [
    ...['-shared', '-fPIC', '-O2', '-std=c++17', `-DNAPI_VERSION=${NODE_API}`],
    ...['-I', wheel.headers, '-I', join(modules, 'node-api-headers', 'include')],
    ...['tfjs_backend.cc', 'tfjs_binding.cc'].map((name) => join(source, name)),
    ...wheel.libraries,
    `-Wl,-rpath,${wheel.folder}`,
    ...['-o', `${addon}.partial`],
  ];
  const { code, signal, lastLines } = await run(compiler, args, options);
  if (code !== 0) {
    throw new KdadError('COMPILE_FAILED', `${compiler} ended with ${signal ?? `exit code ${code}`}:\n${lastLines}`);
  }
  await rename(`${addon}.partial`, addon);
}
