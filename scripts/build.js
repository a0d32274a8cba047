// Compiles src/ to dist/ and replaces dist/method/tensorflow.js by one bundle of the TensorFlow.js parts we use:
// 1.4 MB that load in 40 ms, where the packages take 50 MB, cannot be imported by Node piece by piece,
// and would have to be installed on every box.
import { spawnSync } from 'node:child_process';
import { chmodSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('..', import.meta.url));
rmSync(`${root}dist`, { recursive: true, force: true });

const typescript = createRequire(import.meta.url).resolve('typescript/package.json');
const compiler = join(dirname(typescript), 'bin/tsc');
const compiled = spawnSync(process.execPath, [compiler, '-p', `${root}tsconfig.build.json`], { stdio: 'inherit' });
if (compiled.status !== 0) process.exit(compiled.status ?? 1);

await build({
  entryPoints: [`${root}src/method/tensorflow.ts`],
  outfile: `${root}dist/method/tensorflow.js`,
  allowOverwrite: true,
  bundle: true,
  platform: 'node',
  mainFields: ['module', 'main'],
  banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  format: 'esm',
  target: 'node20',
  legalComments: 'eof',
  logLevel: 'warning',
});
chmodSync(`${root}dist/main.js`, 0o755);
