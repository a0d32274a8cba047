import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const cores = new URL('../../../dist/common/processor/cores.js', import.meta.url);
const script = `import { threadsFor } from '${cores}'; console.log(threadsFor());`;

/** In how many threads a process would compute that is started by `command`. */
export async function threadsOf(command: readonly string[]): Promise<number> {
  const [program, ...rest] = [...command, process.execPath, '--input-type=module', '--eval', script];
  const { stdout } = await promisify(execFile)(program, rest);
  return Number(stdout);
}
