import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { cp, readFile, truncate } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { createServer } from 'node:net';
import { join } from 'node:path';
import tls from 'node:tls';
import mqtt from 'mqtt';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { HttpServer } from '../../../src/line/observability/http-server.js';
import { Metrics } from '../../../src/line/observability/metrics.js';
import { aedesBroker, type Broker, hasMosquitto, mosquittoBroker } from '../../fixtures/brokers.js';
import { kdadEdge } from '../../fixtures/command-line.js';
import { folderWith } from '../../fixtures/folder.js';
import { otherBundle, shapes } from '../../fixtures/other-bundle.js';
import { scriptedBroker } from '../../fixtures/scripted-broker.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

let tiny: Awaited<ReturnType<typeof tinyBundle>>;
let broker: Broker;
beforeAll(async () => {
  tiny = await tinyBundle();
  broker = await aedesBroker('right');
  await broker.start();
});
afterAll(() => broker.stop());

interface Changes {
  readonly model?: string;
  readonly source?: string;
  /** More cameras. */
  readonly cameras?: string;
  readonly stateDir?: string;
  readonly password?: string;
  readonly port?: number;
  readonly more?: string;
  readonly mqtt?: string;
  readonly version?: string;
}

/**
 * What `doctor` says of a set-up that works but for these changes: its exit code, its rows by name, and the whole text.
 */
async function examine(changes: Changes = {}, ...options: string[]) {
  const source = changes.source ?? `{ kind: folder, path: ${join(tiny.data, 'test/good')} }`;
  const yaml = `
model: ${changes.model ?? tiny.bundle}
stateDir: ${changes.stateDir ?? 'state/of/line'}
cameras: [{ name: line, source: ${source} }${changes.cameras ?? ''}]
evidence: { minFree: 1 }
mqtt: { ${changes.mqtt ?? `url: "mqtt://127.0.0.1:${broker.port}", username: line, passwordFile: password`}, version: ${changes.version ?? '3.1.1'} }
http: { port: ${changes.port ?? 0} }
${changes.more ?? ''}
`;
  const folder = await folderWith({ 'kdad-edge.yaml': yaml, password: changes.password ?? 'right', file: '' });
  const file = join(folder, 'kdad-edge.yaml');
  const { code, stdout, stderr } = await kdadEdge('doctor', '--config', file, ...options);
  expect(stderr).toBe('');
  const lines = stdout.trimEnd().split('\n');
  const row = (what: string) => {
    const at = lines.findIndex((line) => line.slice(9).startsWith(`${what}  `));
    const advice = lines[at + 1]?.trim().startsWith('->') ? lines[at + 1].trim() : undefined;
    return { outcome: lines[at]?.slice(0, 9).trim(), found: lines[at]?.slice(9 + what.length).trim(), advice };
  };
  const failures = lines.filter((line) => line.startsWith('failed')).map((line) => line.slice(9, 29).split('  ')[0]);
  return { code, stdout, row, failures };
}

describe('kdad-edge doctor', () => {
  it('finds a set-up in order', async () => {
    const { code, row, failures, stdout } = await examine();
    expect(failures, stdout).toEqual([]);
    expect(code).toBe(0);
    expect(row('configuration').outcome).toBe('ok');
    expect(row('model').found).toMatch(/^bundle \w+, 64 x 64, (fp32|int8), threshold [\d.]+$/);
    expect(row('self-test').found).toMatch(/^on (cpu|cuda) the bundle's picture scores as where it was trained$/);
    expect(row('engine').found).toMatch(
      /^onnxruntime \d+\.\d+\.\d+, device auto, \d+ threads? on (\d+ of )?\d+ cores?( \(.*\))?$/,
    );
    expect(row('ffmpeg').found).toMatch(/ \d+\.\d+, from /);
    expect(row('decoders').outcome).toBe('ok');
    expect(row('camera line').found).toMatch(/^a frame after [\d.]+ s$/);
    expect(row('broker').found).toBe(`mqtt://127.0.0.1:${broker.port} answers, and lets line in`);
    expect(row('alert topics')).toMatchObject({
      outcome: 'ok',
      found: expect.stringMatching(
        /^the broker says nothing against .*alert and 1 more topics; with MQTT 3\.1\.1 it cannot$/,
      ),
    });
    expect(row('disk').found).toMatch(/state\/of\/line can be written, [\d.]+ GB free$/);
    expect(row('port').found).toBe('any free one');
    expect(['ok', 'warning', 'skipped']).toContain(row('clock').outcome);
  });

  it('warns of a camera whose pictures have another shape than those that the model learned', async () => {
    const shape = { ...shapes['a map of a quarter of the size'], aspect: 2 };
    const { code, row } = await examine({ model: await otherBundle(join(await folderWith(), 'wide'), shape) });
    expect(row('camera line')).toEqual({
      outcome: 'warning',
      found: expect.stringMatching(/^its pictures have another shape .*\(1\.00 : 1, not 2\.00 : 1\) and are padded/),
      advice: expect.stringMatching(/crop/),
    });
    expect(code).toBe(0);
  });

  it('looks at every model that cameras have', async () => {
    const cameras = `, { name: gate, model: /none/washer, source: { kind: folder, path: ${join(tiny.data, 'test/good')} } }`;
    const { row, failures } = await examine({ cameras });
    expect(failures).toEqual(['model washer']);
    expect(row('model bundle').outcome).toBe('ok');
    expect(row('self-test washer').outcome).toBe('skipped');
    expect(row('camera gate').outcome).toBe('ok');
  });

  it('tells the same as JSON', async () => {
    const { code, stdout } = await examine({ password: 'wrong' }, '--json');
    expect(code).toBe(4);
    const { ok, findings } = JSON.parse(stdout);
    expect(ok).toBe(false);
    expect(findings).toContainEqual(
      expect.objectContaining({ what: 'broker', outcome: 'failed', code: 'BROKER_UNREACHABLE' }),
    );
  });

  it.each<[string, Changes, string[], number, string, RegExp]>([
    [
      'a wrong password',
      { password: 'hush' },
      ['broker'],
      4,
      'broker',
      /not authori[sz]ed|Bad user ?name or password/i,
    ],
    [
      'a broker that speaks MQTT 3.1.1 only, where 5 is the default',
      { version: '5' },
      ['broker'],
      4,
      'broker',
      /the broker does not speak MQTT 5: set mqtt\.version: 3\.1\.1$/,
    ],
    ['a bundle that is not there', { model: '/none' }, ['model'], 3, 'model', /^\/none: no bundle here/],
    ['no ffmpeg', { more: 'ffmpeg: /none/ffmpeg' }, ['ffmpeg'], 4, 'ffmpeg', /no such program/],
    ['a state folder that cannot be', { stateDir: './file/state' }, ['disk'], 4, 'disk', /file is no folder$/],
    [
      'a camera without frames',
      { source: '{ kind: file, path: /none.mp4 }' },
      ['camera line'],
      4,
      'camera line',
      /No such file/,
    ],
  ])('names %s, and nothing else', async (_, changes, failing, exitCode, what, found) => {
    const { code, row, failures, stdout } = await examine(changes);
    expect(failures, stdout).toEqual(failing);
    expect(row(what)).toEqual({
      outcome: 'failed',
      found: expect.stringMatching(found),
      advice: expect.stringMatching(/^-> ./),
    });
    expect(code).toBe(exitCode);
    expect(stdout).not.toContain('hush');
  });

  it.skipIf(!hasMosquitto)('names the topics of alerts that the broker refuses', async () => {
    const mosquitto = await mosquittoBroker();
    mosquitto.rights = ['topic readwrite kdad-edge/availability', 'topic readwrite kdad-edge/cameras/line/heatmap'];
    await mosquitto.start();
    onTestFinished(() => mosquitto.stop());
    const { code, row, failures, stdout } = await examine({ mqtt: `url: "mqtt://127.0.0.1:${mosquitto.port}"` });
    expect(failures, stdout).toEqual(['alert topics']);
    expect(row('alert topics').found).toMatch(
      / refuses messages to kdad-edge\/cameras\/line\/alert: not authorised \(0x87\)$/,
    );
    expect(code).toBe(4);
  });

  it('names the topics of commands that the broker does not let us listen to', async () => {
    const script = await scriptedBroker({ onSubscribe: (filter) => (filter.includes('cameras') ? 0x80 : 0) });
    onTestFinished(script.stop);
    const { code, row, failures, stdout } = await examine({
      mqtt: `url: "mqtt://127.0.0.1:${script.port}", commands: true`,
    });
    expect(failures, stdout).toEqual(['commands']);
    expect(row('commands').found).toMatch(
      / lets us not listen to kdad-edge\/cameras\/\+\/command\/\+: .*: no command will come$/,
    );
    expect(code).toBe(4);
  });

  describe.skipIf(!hasMosquitto)('a client identifier', () => {
    /**
     * A client that comes back whenever it is pushed off, and says on the daemon's topic that it is there where it is
     * one.
     */
    async function examineBeside(clientId: string, isDaemon: boolean, clients: number) {
      const mosquitto = await mosquittoBroker();
      await mosquitto.start();
      onTestFinished(() => mosquitto.stop());
      const topic = 'kdad-edge/availability';
      const will = { topic, payload: Buffer.from('offline'), qos: 1, retain: true } as const;
      for (let i = 0; i < clients; i++) {
        const client = mqtt.connect(`mqtt://127.0.0.1:${mosquitto.port}`, {
          ...{ clientId, reconnectPeriod: 500, protocolVersion: 4 },
          ...(isDaemon && { will }),
        });
        onTestFinished(() => client.endAsync(true));
        client.on('connect', () => void (isDaemon && client.publish(topic, 'online', { qos: 1, retain: true })));
        await new Promise<void>((resolve) => client.once('connect', () => resolve()));
      }
      return examine({ mqtt: `url: "mqtt://127.0.0.1:${mosquitto.port}", clientId: box` });
    }

    it('that nobody has, or the daemon that is online, is well', async () => {
      const [free, daemon] = await Promise.all([examineBeside('other', false, 1), examineBeside('box', true, 1)]);
      expect(free.failures, free.stdout).toEqual([]);
      expect(free.row('client identifier').found).toBe('no other client has "box" (mqtt.clientId)');
      expect(daemon.failures, daemon.stdout).toEqual([]);
      expect(daemon.row('client identifier').found).toMatch(/^a daemon with this topicPrefix is online/);
    });

    it('that another client has is told, whether a daemon is online or not', async () => {
      const both = await Promise.all([examineBeside('box', false, 1), examineBeside('box', true, 2)]);
      for (const { code, row, failures, stdout } of both) {
        expect(failures, stdout).toEqual(['client identifier']);
        expect(row('client identifier').found).toMatch(/^another client at mqtt:.* has "box" \(mqtt\.clientId\)/);
        expect(code).toBe(4);
      }
    });
  });

  it('skips what needs something that failed', async () => {
    const { row } = await examine({ more: 'ffmpeg: /none/ffmpeg', model: '/none' });
    for (const what of ['self-test', 'decoders', 'camera line']) expect(row(what).outcome).toBe('skipped');
  });

  it('notices a bundle that judges otherwise than it did', async () => {
    const model = join(await folderWith(), 'bundle');
    await cp(tiny.bundle, model, { recursive: true });
    await truncate(join(model, 'detector.onnx'), 100);
    const { failures, row } = await examine({ model });
    expect(failures).toEqual(['model']);
    expect(row('model').found).toMatch(/truncated/);
  });

  it('tells a port that another program has', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    server.on('connection', (socket) => socket.destroy());
    const { failures, row, stdout } = await examine({ port: (server.address() as AddressInfo).port });
    expect(failures, stdout).toEqual(['port']);
    expect(row('port').found).toMatch(/^cannot listen on 127\.0\.0\.1 port \d+/);
  });

  it('knows a port that a daemon serves', async () => {
    const pages = { metrics: new Metrics().registry, status: () => ({}), readiness: () => ({ ready: true }) };
    const server = new HttpServer({ host: '127.0.0.1', port: 0 }, pages);
    onTestFinished(() => server.stop());
    const { failures, row } = await examine({ port: await server.start() });
    expect(failures).toEqual([]);
    expect(row('port').found).toMatch(/is served by a kdad-edge that runs$/);
  });

  it('tells every mistake of a configuration, and tries nothing', async () => {
    const { code, stdout } = await examine({ more: 'fps: 1\nlogLevl: info' });
    expect(code).toBe(2);
    expect(stdout).toMatch(
      /^failed {3}configuration {2}.*:8:1: fps: unknown key\n\s+.*:9:1: logLevl: unknown key; did/,
    );
  });
});

const openssl = spawnSync('openssl', ['version']);
if (openssl.error) console.warn('skipped: openssl is not installed, which makes certificates');

describe.skipIf(openssl.error)('a certificate', () => {
  it('that ends soon is a warning', async () => {
    const folder = await folderWith();
    const [key, cert] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
    const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
    spawnSync('openssl', [
      'req',
      '-x509',
      '-newkey',
      'rsa:2048',
      '-nodes',
      '-days',
      '10',
      '-keyout',
      key,
      '-out',
      cert,
      ...subject,
    ]);
    const server = tls.createServer({ key: await readFile(key), cert: await readFile(cert) }, (socket) =>
      socket.destroy(),
    );
    server.on('tlsClientError', () => {}).listen(0, '127.0.0.1');
    onTestFinished(() => void server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const { row } = await examine({
      mqtt: `url: "mqtts://localhost:${port}", ca: ${cert}, cert: ${cert}, key: ${key}`,
    });
    expect(row('broker').outcome).toBe('failed');
    for (const what of ['broker certificate', 'own certificate']) {
      expect(row(what)).toMatchObject({
        outcome: 'warning',
        found: expect.stringMatching(/^ends on \d{4}-\d\d-\d\d, in \d+ days$/),
      });
    }
  });
});
