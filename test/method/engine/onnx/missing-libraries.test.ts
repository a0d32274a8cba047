import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { missingLibraries } from '../../../../src/method/engine/onnx/missing-libraries.js';
import { folderWith } from '../../../fixtures/folder.js';

function hasCompiler(): boolean {
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

it.skipIf(!hasCompiler())('are named (skipped without a C compiler)', async () => {
  const folder = await folderWith({
    'inner.c': 'int inner(void) { return 1; }',
    'outer.c': 'int inner(void); int outer(void) { return inner(); }',
  });
  const compile = (...args: string[]) => execFileSync('cc', ['-shared', '-fPIC', ...args], { cwd: folder });
  compile('-o', 'libkdadinner.so', 'inner.c');
  compile('-o', 'libkdadouter.so', 'outer.c', '-L.', '-lkdadinner', `-Wl,-rpath,${folder}`);
  const outer = join(folder, 'libkdadouter.so');
  expect(await missingLibraries(outer)).toEqual([]);
  rmSync(join(folder, 'libkdadinner.so'));
  expect(await missingLibraries(outer)).toEqual(['libkdadinner.so']);
});

it('are none where nothing can be found out', async () => {
  expect(await missingLibraries('/no/such/library.so')).toEqual([]);
});
