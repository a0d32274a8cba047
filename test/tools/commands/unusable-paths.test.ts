import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { main } from '../../fixtures/command-line.js';
import { folderForAll } from '../../fixtures/folder.js';
import { canBeUnprivileged, unprivileged } from '../../fixtures/unprivileged.js';

/** Every command that takes paths, with `PATH` for the one that is tried; the others are well. */
const inputs: readonly string[][] = [
  ['train', '--data', 'PATH', '--out', 'OUT'],
  ['train', '--data', 'PICTURES', '--out', 'OUT', '--teacher', 'PATH'],
  ['eval', '--model', 'PATH', '--data', 'PICTURES'],
  ['predict', '--model', 'PATH', 'PICTURES'],
  ['run', '--config', 'PATH'],
  ['models', 'list', 'PATH'],
  ['models', 'verify', 'PATH'],
  ['models', 'activate', 'PATH', '1'],
  ['models', 'rollback', 'PATH'],
  ['collect', '--config', 'PATH', '--camera', 'line', '--out', 'OUT'],
  ['calibrate', '--model', 'PATH', '--data', 'PICTURES'],
  ['config', 'check', '--config', 'PATH'],
  ['doctor', '--config', 'PATH'],
  ['bench', '--model', 'PATH', '--only', 'load'],
  ['teacher', 'import', 'PATH', '--name', 'own'],
];
const outputs: readonly string[][] = [
  ['train', '--data', 'PICTURES', '--out', 'PATH'],
  ['train', '--data', 'PICTURES', '--out', 'OUT', '--report', 'PATH'],
  ['predict', '--model', 'PICTURES', '--html', 'PATH', 'PICTURES'],
  ['init', 'PATH', '--model', 'PICTURES', '--camera', 'PICTURES', '--no-check'],
  ['demo', '--out', 'PATH'],
];

let folder: string;
const folders = folderForAll();
beforeAll(async () => {
  folder = await folders;
  await chmod(folder, 0o755);
  await mkdir(join(folder, 'pictures'));
  await writeFile(join(folder, 'pictures/a.png'), 'no picture');
  await writeFile(join(folder, 'file'), 'neither YAML: nor: JSON');
  await mkdir(join(folder, 'foreign'), { mode: 0o700 });
  await writeFile(join(folder, 'unreadable'), '', { mode: 0 });
});

interface Outcome {
  readonly code: number | null;
  readonly text: string;
}

/** Runs a command as another user, in a home of his own, who may write nothing else. */
async function run(command: readonly string[], path: string): Promise<Outcome> {
  const home = await mkdtemp(join(folder, 'home-'));
  await chmod(home, 0o777);
  const places: Record<string, string> = { PATH: path, OUT: join(home, 'out'), PICTURES: join(folder, 'pictures') };
  const args = command.map((word) => places[word] ?? word);
  return new Promise((resolve) => {
    const child = execFile(
      process.execPath,
      [main, ...args],
      { ...unprivileged, cwd: home, env: { PATH: process.env.PATH, HOME: home }, killSignal: 'SIGKILL' },
      (_, stdout, stderr) => resolve({ code: child.exitCode, text: `${stdout}${stderr}` }),
    );
    child.stdin?.end();
  });
}

/** An error with a code, or a table of findings; no stack of functions, and no exit code of a defect. */
function expectClear({ code, text }: Outcome, what: string) {
  expect(text, what).not.toMatch(/^\s+at .*[:(]|node:internal|Node\.js v\d/m);
  expect(code, `${what}: ${text}`).toBeGreaterThan(0);
  expect([1, 2, 3, 4], `${what}: ${text}`).toContain(code);
  expect(text, what).toMatch(/\[[A-Z_]+\]$|FAIL|fail|DAMAGED/m);
}

describe.skipIf(!canBeUnprivileged)('no command prints a stack trace', () => {
  it.each(inputs.map((command) => [command.join(' '), command] as const))(
    'where it cannot read: %s',
    async (_, command) => {
      const places = ['foreign/below', 'unreadable', 'file/below'];
      for (const path of places) expectClear(await run(command, join(folder, path)), path);
    },
    600_000,
  );

  it.each(outputs.map((command) => [command.join(' '), command] as const))(
    'where it cannot write: %s',
    async (_, command) => {
      const places = ['foreign', 'file/below', 'n'.repeat(300)];
      for (const path of places) expectClear(await run(command, join(folder, path)), path);
    },
    600_000,
  );
});

describe('a full disk that the output goes to', () => {
  it.each(['config schema', '--help', 'train --help', '--version'])(
    'ends a command with one error: %s',
    async (command) => {
      const script = `exec "$0" "$1" ${command} >/dev/full`;
      const [code, text] = await new Promise<[unknown, string]>((resolve) => {
        execFile('sh', ['-c', script, process.execPath, main], (error, out, errors) =>
          resolve([error?.code, out + errors]),
        );
      });
      expect(code).toBe(4);
      expect(text).toMatch(/^kdad-edge: standard output: ENOSPC.*\n.*\[FILE_UNUSABLE\]\n$/);
    },
    120_000,
  );
});
