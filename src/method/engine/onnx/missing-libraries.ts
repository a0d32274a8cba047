import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/**
 * The shared libraries that a library needs and the loader does not find; none where `ldd` cannot be asked. onnxruntime
 * says only that something is missing.
 */
export async function missingLibraries(library: string): Promise<string[]> {
  const asked = promisify(execFile)('ldd', [library], { env: { ...process.env, LC_ALL: 'C' } });
  const answer = await asked.then(
    ({ stdout }) => stdout,
    () => '',
  );
  return [...answer.matchAll(/^\s*(\S+) => not found$/gm)].map(([, name]) => name);
}
