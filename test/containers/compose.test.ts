import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parse } from 'yaml';
import { freePort, hasMosquitto } from '../fixtures/brokers.js';
import { kdadEdge, main } from '../fixtures/command-line.js';
import { makeVideo, until } from '../fixtures/daemon.js';
import { folderWith } from '../fixtures/folder.js';
import { type TinyBundle, tinyBundle } from '../fixtures/tiny-bundle.js';
import { readDockerfile, root } from './dockerfile.js';

interface Service {
  readonly image: string;
  readonly ports?: readonly string[];
  readonly build?: { readonly dockerfile?: string; readonly target?: string };
  readonly environment?: Readonly<Record<string, string>>;
  readonly secrets?: readonly string[];
  readonly volumes?: readonly string[];
}

interface Compose {
  readonly services: Readonly<Record<string, Service>>;
  readonly secrets: Readonly<Record<string, { readonly file: string }>>;
  readonly volumes: Readonly<Record<string, null>>;
}

const read = (name: string) => readFileSync(join(root, name), 'utf8');
const compose: Compose = parse(read('docker-compose.yaml'), { merge: true });
const overlays = ['cuda', 'jetson'];
const services = Object.entries(compose.services);
const mounts = services.flatMap(([service, { volumes = [] }]) =>
  volumes.map((text) => {
    const [source, target, mode] = text.split(':');
    return { service, source, target, mode };
  }),
);
/** Where a file in a container comes from in the repository. */
const origin = (service: string, path: string) => {
  const mount = mounts.find((one) => one.service === service && `${path}/`.startsWith(`${one.target}/`));
  return mount && join(root, mount.source, path.slice(mount.target.length));
};

/** A checkout in which docker/setup.sh was run, with the compose files. */
async function checkout(image = 'cpu'): Promise<string> {
  const folder = await folderWith();
  for (const name of [
    'docker',
    'config',
    'docker-compose.yaml',
    ...overlays.map((one) => `docker-compose.${one}.yaml`),
  ]) {
    await cp(join(root, name), join(folder, name), {
      recursive: true,
      filter: (path) => !path.includes('docker/local'),
    });
  }
  expect(spawnSync(join(root, 'docker/setup.sh'), [image, '--root', folder]).status).toBe(0);
  return folder;
}

const noCompose = spawnSync('docker-compose', ['--version']).error;
if (noCompose) console.warn('skipped: docker-compose is not installed, which checks compose files');

describe.skipIf(noCompose)('docker-compose config', () => {
  it.each(['cpu', ...overlays])('understands the files for %s', async (image) => {
    const { status, stdout, stderr } = spawnSync('docker-compose', ['config'], {
      cwd: await checkout(image),
      encoding: 'utf8',
    });
    expect(stderr).toBe('');
    expect(status).toBe(0);
    expect(parse(stdout).services['kdad-edge'].image).toBe(`kdad-edge:${image}`);
  });
});

describe('docker-compose.yaml', () => {
  it('opens ports to this machine alone', () => {
    const ports = services.flatMap(([, { ports = [] }]) => ports);
    expect(ports).toHaveLength(4);
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  it('builds targets that the Dockerfiles have, and takes other images of a certain version', () => {
    for (const [name, { image, build }] of services) {
      if (!build) expect(image, name).toMatch(/:v?\d+\.\d+\.\d+$/);
    }
    for (const file of ['', ...overlays.map((one) => `.${one}`)]) {
      const { build } = (parse(read(`docker-compose${file}.yaml`), { merge: true }) as Compose).services['kdad-edge'];
      const stages = readDockerfile(build?.dockerfile ?? 'Dockerfile').stages.map(({ name }) => name);
      expect(stages).toContain(build?.target);
    }
  });

  it('mounts what is in the repository, or made by docker/setup.sh', async () => {
    const folder = await checkout();
    for (const { source, mode } of mounts) {
      if (!source.startsWith('./')) expect(Object.keys(compose.volumes)).toContain(source);
      else {
        expect(mode, source).toBe('ro');
        expect(existsSync(join(folder, source)), source).toBe(true);
      }
    }
    for (const { file } of Object.values(compose.secrets)) expect(existsSync(join(folder, file)), file).toBe(true);
  });

  it('hands secrets over as files, to those alone who need them', () => {
    for (const [, { environment = {} }] of services) {
      for (const [name, value] of Object.entries(environment)) {
        if (/PASSWORD|TOKEN|SECRET/.test(name)) expect(value, name).toMatch(/^\/run\/secrets\//);
      }
    }
    expect(Object.fromEntries(services.map(([name, { secrets }]) => [name, secrets]))).toEqual({
      'kdad-edge': ['http_token', 'mqtt_kdad-edge'],
      mosquitto: ['mqtt_kdad-edge', 'mqtt_observer'],
      prometheus: ['http_token'],
      grafana: ['grafana_password'],
    });
  });

  it('provisions the dashboard, and the Prometheus that it asks', () => {
    const { path } = parse(read('docker/grafana/dashboards/kdad-edge.yaml')).providers[0].options;
    expect(existsSync(join(origin('grafana', path) as string, 'kdad-edge.json'))).toBe(true);
    const { type, url } = parse(read('docker/grafana/datasources/prometheus.yaml')).datasources[0];
    expect(type).toBe('prometheus');
    expect(services.map(([name]) => name)).toContain(new URL(url).hostname);
    expect(origin('grafana', '/etc/grafana/provisioning/datasources')).toBe(join(root, 'docker/grafana/datasources'));
    expect(origin('grafana', '/etc/grafana/provisioning/dashboards')).toBe(join(root, 'docker/grafana/dashboards'));
  });

  const noPromtool = spawnSync('promtool', ['--version']).error;
  it.skipIf(noPromtool)('has Prometheus scrape the daemon with its token, and the rules loaded', async () => {
    const folder = await checkout();
    const place = '/etc/prometheus/prometheus.yml';
    const text = (await readFile(origin('prometheus', place) as string, 'utf8')).replace(
      '/run/secrets',
      join(folder, 'docker/local/secrets'),
    );
    const { rule_files, scrape_configs } = parse(text);
    expect(scrape_configs[0].static_configs[0].targets).toEqual(['kdad-edge:9464']);
    const rules = origin('prometheus', `/etc/prometheus/${rule_files[0]}`) as string;
    await writeFile(join(folder, 'prometheus.yml'), text);
    await cp(rules, join(folder, rule_files[0]));
    const { status, stdout, stderr } = spawnSync('promtool', ['check', 'config', join(folder, 'prometheus.yml')], {
      encoding: 'utf8',
    });
    expect(status, stderr).toBe(0);
    expect(stdout).toMatch(/1 rule files found[\s\S]*SUCCESS: \d+ rules found/);
  });
});

/** The broker as its container starts it, but for paths, port and user. */
async function startBroker(folder: string): Promise<number> {
  const port = await freePort();
  const text = read('docker/mosquitto/mosquitto.conf')
    .replace('listener 1883', `listener ${port} 127.0.0.1`)
    .replace('/tmp/passwords', join(folder, 'passwords'))
    .replace('/mosquitto/config/acl', join(folder, 'docker/mosquitto/acl'))
    .replace('/mosquitto/data/', `${folder}/`);
  // Where the tests run as root, it would become a user that cannot read the folder.
  await writeFile(join(folder, 'mosquitto.conf'), `${text}user root\n`);
  const broker = spawn(join(root, 'docker/mosquitto/start.sh'), {
    stdio: 'ignore',
    env: {
      ...process.env,
      SECRETS: join(folder, 'docker/local/secrets'),
      PASSWORDS: join(folder, 'passwords'),
      CONFIG: join(folder, 'mosquitto.conf'),
    },
  });
  onTestFinished(() => void broker.kill('SIGKILL'));
  const refused = () =>
    mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { reconnectPeriod: 0 }, false).then(
      () => 'let in',
      (error: Error) => error.message,
    );
  await until(
    async () => /not authori[sz]ed/i.test(await refused()),
    () => 'Mosquitto refuses who gives no password',
  );
  return port;
}

const login = (port: number, username: string, password: string) =>
  mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { username, password, protocolVersion: 5, reconnectPeriod: 0 }, false);

const secret = (folder: string, name: string) => readFile(join(folder, 'docker/local/secrets', name), 'utf8');

describe.skipIf(!hasMosquitto)('the broker', () => {
  it('lets its two users in, and nobody with another password', async () => {
    const folder = await checkout();
    const port = await startBroker(folder);
    for (const user of ['kdad-edge', 'observer']) {
      const client = await login(port, user, await secret(folder, `mqtt_${user}`));
      await client.endAsync();
      await expect(login(port, user, 'guess')).rejects.toThrow(/not authori[sz]ed/i);
    }
    expect(await readFile(join(folder, 'passwords'), 'utf8')).not.toContain(await secret(folder, 'mqtt_observer'));
  });

  it('keeps those who only listen from giving commands', async () => {
    const folder = await checkout();
    const port = await startBroker(folder);
    const daemon = await login(port, 'kdad-edge', await secret(folder, 'mqtt_kdad-edge'));
    const observer = await login(port, 'observer', await secret(folder, 'mqtt_observer'));
    const heard: string[] = [];
    daemon.on('message', (topic) => heard.push(topic));
    await daemon.subscribeAsync('kdad-edge/#', { qos: 1 });
    await expect(observer.publishAsync('kdad-edge/command/status', '', { qos: 1 })).rejects.toThrow(
      /not authori[sz]ed/i,
    );
    await daemon.publishAsync('kdad-edge/availability', 'online', { qos: 1 });
    await until(
      () => heard.length > 0,
      () => 'the daemon hears itself',
    );
    expect(heard).toEqual(['kdad-edge/availability']);
    await Promise.all([daemon.endAsync(), observer.endAsync()]);
  });
});

describe('the daemon', () => {
  let tiny: TinyBundle;
  beforeAll(async () => {
    tiny = await tinyBundle();
  });

  /** The configuration that docker/setup.sh made, with the container's paths as they are here. */
  async function configuration(folder: string, { broker, http }: { broker: number; http: number }): Promise<string> {
    const file = join(folder, 'docker/local/config/kdad-edge.yaml');
    const text = (await readFile(file, 'utf8'))
      .replaceAll('/run/secrets', join(folder, 'docker/local/secrets'))
      .replaceAll('/var/lib/kdad-edge', join(folder, 'state'))
      .replace('mqtt://mosquitto:1883', `mqtt://127.0.0.1:${broker}`)
      .replace('host: 0.0.0.0,', `host: 127.0.0.1, port: ${http},`);
    await writeFile(file, text);
    return file;
  }

  it('says what is missing before there is a model', async () => {
    const folder = await checkout();
    const file = await configuration(folder, { broker: 1, http: 0 });
    const { code, stderr } = await kdadEdge('run', '--config', file);
    expect(code).toBe(3);
    expect(stderr).toContain(join(folder, 'state/models/demo/model'));
    expect(stderr).toContain('kdad-edge train');
  });

  it.skipIf(!hasMosquitto)('reaches the broker, shows its metrics to who has the token, and is well', async () => {
    const folder = await checkout();
    await mkdir(join(folder, 'state/models/demo'), { recursive: true });
    await cp(tiny.bundle, join(folder, 'state/models/demo/model'), { recursive: true });
    await makeVideo(join(folder, 'state/models/demo/line.avi'), { good: 10, bad: 0 });
    const [broker, http] = [await startBroker(folder), await freePort()];
    const file = await configuration(folder, { broker, http });
    expect(await kdadEdge('config', 'check', '--config', file)).toMatchObject({ code: 0, stderr: '' });
    const check = () =>
      spawnSync(process.execPath, [join(root, 'docker/healthcheck.js')], {
        env: { ...process.env, KDAD_EDGE_HEALTH: `http://127.0.0.1:${http}/healthz` },
      }).status;
    expect(check()).toBe(1);
    const daemon = spawn(process.execPath, [main, 'run', '--config', file], {
      stdio: 'ignore',
      env: { ...process.env, STATE_DIRECTORY: join(folder, 'state') },
    });
    onTestFinished(() => void daemon.kill('SIGKILL'));
    const observer = await login(broker, 'observer', await secret(folder, 'mqtt_observer'));
    const said: string[] = [];
    observer.on('message', (_topic, payload) => said.push(payload.toString()));
    await observer.subscribeAsync('kdad-edge/availability');
    await until(
      () => said.includes('online'),
      () => 'the daemon is at the broker',
    );
    await until(
      () => check() === 0,
      () => 'the daemon is healthy',
    );
    const metrics = `http://127.0.0.1:${http}/metrics`;
    expect((await fetch(metrics)).status).toBe(401);
    const token = await secret(folder, 'http_token');
    const answer = await fetch(metrics, { headers: { authorization: `Bearer ${token}` } });
    expect(await answer.text()).toMatch(/^kdad_mqtt_connected 1$/m);
    const gone = once(daemon, 'exit');
    daemon.kill('SIGTERM');
    expect(await gone).toEqual([0, null]);
    expect(check()).toBe(1);
    await observer.endAsync();
  });
});
