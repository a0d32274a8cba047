import { execFile } from 'node:child_process';
import { describe, expect, it } from 'vitest';
import { main } from '../../fixtures/command-line.js';

/** What `config schema` says, and its exit code, in a Node.js that was made to fail. */
function run(sabotage: string): Promise<{ code: unknown; stderr: string }> {
  const preloaded = `data:text/javascript,${encodeURIComponent(sabotage)}`;
  return new Promise((resolve) => {
    execFile(process.execPath, ['--import', preloaded, main, 'config', 'schema'], (error, _, stderr) =>
      resolve({ code: error?.code, stderr }),
    );
  });
}

describe('a defect', () => {
  const later = (what: string) =>
    `const { stringify } = JSON; JSON.stringify = (...all) => { ${what}; return stringify(...all) }`;
  it.each([
    ['in a command', 'JSON.stringify = () => { throw new TypeError("a loose end") }'],
    ['behind it', later('setTimeout(() => { throw new TypeError("a loose end") })')],
    ['in a promise that nobody waits for', later('void Promise.reject(new TypeError("a loose end"))')],
  ])('%s is told with its stack, and has an exit code of its own', async (_, sabotage) => {
    const { code, stderr } = await run(sabotage);
    expect(stderr).toMatch(/^kdad-edge: a defect of kdad-edge: TypeError: a loose end\n\s+at .*\[DEFECT\]\n$/s);
    expect(code).toBe(70);
  });
});
