import { execFile } from 'node:child_process';
import { readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { promisify } from 'node:util';

/**
 * CUDA's runtime library, which programs load; the compiler (nvcc) need not be there, and the driver (nvidia-smi) tells
 * another version.
 */
const runtime = /^libcudart\.so\.(\d+)/;

/** Where CUDA's installers put libraries that the loader need not know of. */
const TOOLKITS = '/usr/local';

export interface FoundCuda {
  readonly major: number;
  /** The library. */
  readonly path: string;
}

/** The CUDA runtimes of this machine, one of each major version, the newest first. */
export async function findCuda(
  environment: NodeJS.ProcessEnv = process.env,
  toolkits = TOOLKITS,
): Promise<FoundCuda[]> {
  const folders = [
    ...(environment.LD_LIBRARY_PATH ?? '').split(':').filter(Boolean),
    ...(await toolkitFolders(toolkits)),
  ];
  const paths = [...(await librariesIn(folders)), ...(await loaderCache(environment))];
  const found = new Map<number, FoundCuda>();
  for (const path of paths) {
    const major = Number(runtime.exec(basename(path))?.[1]);
    if (major > 0 && !found.has(major)) found.set(major, { major, path });
  }
  return [...found.values()].sort((a, b) => b.major - a.major);
}

async function toolkitFolders(root: string): Promise<string[]> {
  const toolkits = (await list(root)).filter((name) => name.startsWith('cuda'));
  return toolkits.flatMap((name) => ['lib64', 'lib', 'targets/x86_64-linux/lib'].map((lib) => join(root, name, lib)));
}

async function librariesIn(folders: readonly string[]): Promise<string[]> {
  return (
    await Promise.all(folders.map(async (folder) => (await list(folder)).map((name) => join(folder, name))))
  ).flat();
}

/** What `ldconfig` keeps for the loader; it is often not on the PATH of ordinary users. */
async function loaderCache({ PATH = '' }: NodeJS.ProcessEnv): Promise<string[]> {
  const env = { ...process.env, PATH: `${PATH}:/usr/sbin:/sbin` };
  const asked = promisify(execFile)('ldconfig', ['-p'], { env });
  const answer = await asked.then(
    ({ stdout }) => stdout,
    () => '',
  );
  return [...answer.matchAll(/=> (\S+)$/gm)].map(([, path]) => path);
}

const list = (folder: string): Promise<string[]> => readdir(folder).catch(() => []);
