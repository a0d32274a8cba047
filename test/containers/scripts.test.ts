import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, mkdir, readdir, readFile, readlink, stat, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { freePort } from '../fixtures/brokers.js';
import { folderWith } from '../fixtures/folder.js';
import { copied, readDockerfile, root } from './dockerfile.js';

const run = (script: string, ...options: string[]) => spawnSync(join(root, script), options, { encoding: 'utf8' });

const isRoot = process.getuid?.() === 0;
if (!isRoot) console.warn('skipped: docker/build/user.sh, which takes root');

describe.skipIf(!isRoot)('docker/build/user.sh', () => {
  it('makes a user without rights, and folders that are its own', async () => {
    const folder = await folderWith({ 'etc/passwd': '', 'etc/group': 'video:x:44:\n' });
    expect(run('docker/build/user.sh', folder)).toMatchObject({ status: 0, stderr: '' });
    expect(await readFile(join(folder, 'etc/passwd'), 'utf8')).toMatch(
      /^kdad-edge:[x!]:10001:10001::\/var\/lib\/kdad-edge:\/usr\/sbin\/nologin$/m,
    );
    const groups = await readFile(join(folder, 'etc/group'), 'utf8');
    expect(groups).toMatch(/^video:x:44:kdad-edge$/m);
    expect(groups).toMatch(/^render:x:\d+:kdad-edge$/m);
    for (const path of ['', '/models', '/pictures', '/evaluation']) {
      const { uid, gid, mode } = await stat(join(folder, `var/lib/kdad-edge${path}`));
      expect({ uid, gid, mode }).toEqual({ uid: 10001, gid: 10001, mode: 0o40750 });
    }
    expect(await readlink(join(folder, 'usr/local/bin/kdad-edge'))).toBe('/opt/kdad-edge/dist/main.js');
  });
});

const noCompiler = spawnSync('gcc', ['--version']).error;
if (noCompiler) console.warn('skipped: docker/build/check-libraries.sh, which is tried with gcc');

describe.skipIf(noCompiler)('docker/build/check-libraries.sh', () => {
  /** A library that needs another one, which is gone then. */
  async function needy(other: string): Promise<string> {
    const folder = await folderWith({
      'other.c': 'int other(void) { return 1; }',
      'it.c': 'int other(void); int it(void) { return other(); }',
    });
    const build = (...options: string[]) => {
      const { status, stderr } = spawnSync('gcc', ['-shared', '-fPIC', ...options], { cwd: folder, encoding: 'utf8' });
      expect(status, stderr).toBe(0);
    };
    build('other.c', `-Wl,-soname,${other}`, '-o', 'libother.so');
    build('it.c', '-L.', '-lother', '-o', 'libit.so');
    return join(folder, 'libit.so');
  }

  it('names what a library needs and the image lacks', async () => {
    const library = await needy('libcudart.so.999');
    const { status, stderr } = run('docker/build/check-libraries.sh', library);
    expect(status).toBe(1);
    expect(stderr).toContain('choose another base image that has them');
    expect(stderr).toContain(`${library} needs libcudart.so.999`);
  });

  it('does not miss the driver, which comes from the host', async () => {
    expect(run('docker/build/check-libraries.sh', await needy('libcuda.so.999'))).toMatchObject({
      status: 0,
      stderr: '',
    });
  });

  it('says what is no library', async () => {
    const { status, stderr } = run('docker/build/check-libraries.sh', '/nowhere/libit.so');
    expect(status).toBe(1);
    expect(stderr).toContain('/nowhere/libit.so: expected a shared library');
  });
});

describe('docker/setup.sh', () => {
  const checkout = () => folderWith({ 'docker/kdad-edge.yaml': 'model: models/demo\n' });

  it('makes secrets that only their folder keeps from others, a configuration and .env', async () => {
    const folder = await checkout();
    const { status, stdout } = run('docker/setup.sh', 'jetson', '--root', folder);
    expect(status).toBe(0);
    const local = join(folder, 'docker/local');
    expect((await stat(join(local, 'secrets'))).mode & 0o777).toBe(0o700);
    const names = await readdir(join(local, 'secrets'));
    expect(names.sort()).toEqual(['grafana_password', 'http_token', 'mqtt_kdad-edge', 'mqtt_observer']);
    const secrets = await Promise.all(names.map((name) => readFile(join(local, 'secrets', name), 'utf8')));
    for (const [i, secret] of secrets.entries()) {
      expect(secret).toMatch(/^[0-9a-f]{48}$/);
      expect(stdout).not.toContain(secret);
      expect((await stat(join(local, 'secrets', names[i]))).mode & 0o777).toBe(0o644);
    }
    expect(new Set(secrets).size).toBe(4);
    expect(await readFile(join(local, 'config/kdad-edge.yaml'), 'utf8')).toBe('model: models/demo\n');
    const environment = await readFile(join(folder, '.env'), 'utf8');
    expect(environment).toMatch(/^COMPOSE_FILE=docker-compose.yaml:docker-compose.jetson.yaml$/m);
    expect(environment).toMatch(/^VIDEO_GROUP=\d+\nRENDER_GROUP=\d+$/m);
  });

  it('leaves what is there, and takes another image when asked again', async () => {
    const folder = await checkout();
    run('docker/setup.sh', '--root', folder);
    const [token, config] = ['secrets/http_token', 'config/kdad-edge.yaml'].map((name) =>
      join(folder, 'docker/local', name),
    );
    const before = await readFile(token, 'utf8');
    await writeFile(config, 'model: mine\n');
    expect(run('docker/setup.sh', 'cuda', '--root', folder).status).toBe(0);
    expect(await readFile(token, 'utf8')).toBe(before);
    expect(await readFile(config, 'utf8')).toBe('model: mine\n');
    expect(await readFile(join(folder, '.env'), 'utf8')).toContain('docker-compose.cuda.yaml');
  });

  it.each([
    [['gpu'], /^usage: docker\/setup\.sh/],
    [['--root', '/nowhere'], /--root \/nowhere: expected a checkout of kdad-edge/],
  ])('refuses %j', (options, message) => {
    const { status, stderr } = run('docker/setup.sh', ...options);
    expect(status).toBe(2);
    expect(stderr).toMatch(message);
  });
});

describe('docker/healthcheck.js', () => {
  /** Beside the server that it asks, which this process is. */
  async function check(url: string): Promise<{ code: number; said: string }> {
    const env = { ...process.env, KDAD_EDGE_HEALTH: url };
    const child = spawn(process.execPath, [join(root, 'docker/healthcheck.js')], { env });
    let said = '';
    child.stdout.on('data', (chunk) => {
      said += chunk;
    });
    const [code] = await once(child, 'close');
    return { code, said };
  }

  it.each([
    [200, 0],
    [503, 1],
  ])('with an answer of %i exits with %i', async (answer, code) => {
    const server = createServer((_request, response) => response.writeHead(answer).end()).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/healthz`;
    expect(await check(url)).toEqual({ code, said: `${url}: ${answer}\n` });
  });

  it('without an answer exits with 1, and says why', async () => {
    const url = `http://127.0.0.1:${await freePort()}/healthz`;
    expect(await check(url)).toEqual({ code: 1, said: `${url}: ECONNREFUSED\n` });
  });
});

const full = process.env.KDAD_CONTAINERS === 'full';
if (!full) console.warn('skipped: the steps of the stage app, a minute; npm run test:containers has them');

describe.skipIf(!full)('the stage app of the Dockerfiles', () => {
  it('makes a kdad-edge that runs, without what only builds and tests need', async () => {
    const folder = await folderWith();
    const stage = readDockerfile('Dockerfile').stages[0];
    for (const instruction of stage.instructions) {
      const { sources, target } = copied(instruction) ?? { sources: [], target: '' };
      for (const source of sources) {
        const to = target === './' ? join(folder, source) : join(folder, target);
        await mkdir(dirname(to), { recursive: true });
        // What .dockerignore keeps out of the folder docker.
        await cp(join(root, source), to, { recursive: true, filter: (path) => !path.includes('docker/local') });
      }
      if (instruction.name !== 'RUN') continue;
      const { status, stderr } = spawnSync('sh', ['-c', instruction.text], { cwd: folder, encoding: 'utf8' });
      expect(status, stderr).toBe(0);
    }
    const kdadEdge = (...options: string[]) =>
      spawnSync(process.execPath, [join(folder, 'dist/main.js'), ...options], { cwd: '/', encoding: 'utf8' });
    expect(kdadEdge('--version').stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    // Native parts, and the ffmpeg on the PATH.
    const { stdout, status } = kdadEdge('demo', '--seconds', '20', '--out', join(folder, 'demo'));
    expect(stdout).toContain('defective parts raised an alert');
    expect(status, stdout).toBe(0);
    const modules = await readdir(join(folder, 'node_modules'));
    for (const gone of ['typescript', 'vitest', '@ffmpeg-installer', 'ffmpeg-static'])
      expect(modules).not.toContain(gone);
    const [platform, ...others] = await readdir(join(folder, 'node_modules/onnxruntime-node/bin/napi-v6'));
    expect([platform, others]).toEqual([process.platform, []]);
  }, 600_000);
});
