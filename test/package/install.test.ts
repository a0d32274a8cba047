import { execFile } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { folderWith } from '../fixtures/folder.js';
import { tinyBundle } from '../fixtures/tiny-bundle.js';

const root = fileURLToPath(new URL('../..', import.meta.url));
const run = promisify(execFile);

describe('the repository', () => {
  it("keeps onnxruntime-node's installer from running, by nothing that an npm warns of", () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
    const advice = 'take "hasInstallScript" of node_modules/onnxruntime-node out of package-lock.json again';
    expect(lock.packages['node_modules/onnxruntime-node'].hasInstallScript, advice).toBeUndefined();
    expect(existsSync(join(root, '.npmrc'))).toBe(false);
  });

  it('says of each package with an install script whether it may run, so that npm 11 asks nothing', () => {
    const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8'));
    const { allowScripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
    const here = Object.entries<{ hasInstallScript?: boolean; os?: string[] }>(lock.packages).filter(
      ([, { hasInstallScript, os = ['linux'] }]) => hasInstallScript && os.includes('linux'),
    );
    const names = here.map(([path]) => path.replace(/^.*node_modules\//, '')).filter((name) => name !== '');
    for (const name of names.filter((one) => !/linux-(arm|ia32)$/.test(one)))
      expect(allowScripts).toHaveProperty([name]);
  });
});

/** Installs what would be published, as root would on a box; undefined where the registry is not reached. */
async function installed(): Promise<{ folder: string; kdadEdge: string } | undefined> {
  const folder = await folderWith();
  const quiet = ['--ignore-scripts', '--no-audit', '--no-fund', '--no-update-notifier'];
  await run('npm', ['pack', ...quiet, '--pack-destination', folder], { cwd: root });
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'));
  const prefix = join(folder, 'prefix');
  const tarball = join(folder, `kdad-edge-${version}.tgz`);
  try {
    await run('npm', ['install', '-g', '--prefix', prefix, '--prefer-offline', ...quiet, tarball], { cwd: folder });
  } catch (error) {
    const { stderr } = error as { stderr: string };
    if (!/ENOTFOUND|ETIMEDOUT|ECONN|EAI_AGAIN/.test(stderr)) throw error;
    console.warn('skipped: the registry is not reached');
    return undefined;
  }
  return { folder, kdadEdge: join(prefix, 'bin/kdad-edge') };
}

const wanted = process.env.KDAD_PACKAGE === 'full';
if (!wanted) console.warn('skipped: npm run test:package installs what would be published, which takes the registry');

describe.skipIf(!wanted)('npm install -g --ignore-scripts', () => {
  it('brings all that is needed: no script of a package has to run', async ({ skip }) => {
    const found = await installed();
    if (!found) return skip();
    const { folder, kdadEdge } = found;
    const { bundle, data } = await tinyBundle();
    // No programs but Node: ffmpeg is the one that came along.
    const bin = join(folder, 'bin');
    await mkdir(bin);
    await symlink(process.execPath, join(bin, 'node'));
    const env = { PATH: bin, HOME: folder, STATE_DIRECTORY: join(folder, 'state') };
    const config = join(folder, 'kdad-edge.yaml');
    await writeFile(
      config,
      `model: ${bundle}
cameras: [{ name: line, source: { kind: folder, path: ${join(data, 'test/good')} } }]
mqtt: { url: "mqtt://127.0.0.1:1" }
http: { port: 0 }
`,
    );
    const kdad = async (...options: string[]) => (await run(kdadEdge, options, { env })).stdout;
    expect(await kdad('--version')).toMatch(/^\d+\.\d+\.\d+\n$/);
    const picture = join(data, 'test/blot/000.png');
    expect(JSON.parse(await kdad('predict', '--model', bundle, '--json', picture))).toMatchObject({ anomalous: true });
    // Where there is no broker, all else is well.
    const doctor = await kdad('doctor', '--config', config, '--json').catch(
      (error: { stdout: string }) => error.stdout,
    );
    const failures = JSON.parse(doctor).findings.filter(({ outcome }: { outcome: string }) => outcome === 'failed');
    expect(failures.map(({ what }: { what: string }) => what)).toEqual(['broker']);
    // The outbox's native module and the inference process.
    expect(await kdad('run', '--config', config)).toContain('every camera ended');
  }, 900_000);
});
