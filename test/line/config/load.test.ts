import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { KdadError } from '../../../src/common/errors.js';
import { loadConfig } from '../../../src/line/config/load.js';

const least = 'model: models/a\ncameras: [{ name: a, source: { kind: folder, path: /pictures } }]\n';

/** Loads a configuration file with this text; its folder is what relative paths start from. */
async function load(text: string, environment: NodeJS.ProcessEnv = {}) {
  const file = join(inject('shared'), 'config.yaml');
  writeFileSync(file, text);
  return await loadConfig(file, environment);
}

/** The lines of the error, without the folder. */
async function problems(text: string, environment?: NodeJS.ProcessEnv): Promise<string[]> {
  const error = await load(text, environment).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(KdadError);
  expect((error as KdadError).code).toBe('CONFIG_INVALID');
  return (error as KdadError).message.replaceAll(`${inject('shared')}/`, '').split('\n');
}

describe('a configuration', () => {
  it('needs a model and a camera; the rest has defaults', async () => {
    const config = await load(least);
    expect(config).toMatchObject({
      model: join(inject('shared'), 'models/a'),
      cameras: [{ name: 'a', source: { kind: 'folder', path: '/pictures', loop: false }, stallTimeout: 20_000 }],
      inspection: { maxWait: 0, batchTimeout: 30_000 },
      alert: { open: { k: 3, n: 5 }, release: 0.9, goodFrames: 5, cooldown: 5000 },
      http: { host: '127.0.0.1', port: 9464 },
      logLevel: 'info',
    });
    expect(config.mqtt).toBeUndefined();
  });

  it('is what config/kdad-edge.yaml shows', async () => {
    const example = fileURLToPath(new URL('../../../config/kdad-edge.yaml', import.meta.url));
    const config = await loadConfig(example, {});
    expect(config.cameras[0]).toMatchObject({ name: 'demo', fps: 5 });
    expect(config.mqtt).toMatchObject({ url: 'mqtt://127.0.0.1:1883', version: '5', topicPrefix: 'kdad-edge' });
  });

  it('reads durations with their unit', async () => {
    const waits = async (maxWait: string) => (await load(`${least}inspection: { maxWait: ${maxWait} }`)).inspection;
    expect(await waits('100ms')).toMatchObject({ maxWait: 100 });
    expect(await waits('1.5s')).toMatchObject({ maxWait: 1500 });
    expect(await waits('2m')).toMatchObject({ maxWait: 120_000 });
    expect(await waits('1h')).toMatchObject({ maxWait: 3_600_000 });
  });
});

describe('what is wrong in it', () => {
  it('is told all at once: where, what was found, what was expected', async () => {
    const text = `modle: x
cameras:
  - name: line 1
    source: { kind: rstp, url: "rtsp://cam/1" }
    fps: fast
  - name: b
    source: { kind: mjpeg, url: "ftp://cam/1", transport: tcp }
    stallTimeout: 20
alert: { open: { k: 6, n: 5 }, relaese: 0.5 }
mqtt: { version: 3 }
http: { port: 99999 }
`;
    expect((await problems(text)).sort()).toEqual(
      [
        'config.yaml:1:1: model: missing; expected a text',
        'config.yaml:1:1: modle: unknown key; did you mean model?',
        'config.yaml:3:11: cameras.1.name: found "line 1"; expected letters, digits, - and _ only (it is part of MQTT topics)',
        'config.yaml:4:21: cameras.1.source.kind: found "rstp"; expected rtsp, v4l2, mjpeg, file or folder',
        'config.yaml:5:10: cameras.1.fps: found "fast"; expected a number',
        'config.yaml:7:33: cameras.2.source.url: found "ftp://cam/***"; expected an address with http:// or https://',
        'config.yaml:7:48: cameras.2.source.transport: unknown key',
        'config.yaml:8:19: cameras.2.stallTimeout: found 20; expected a duration such as 100ms, 20s or 5m',
        'config.yaml:9:21: alert.open.k: found 6; expected at most n',
        'config.yaml:9:32: alert.relaese: unknown key; did you mean release?',
        'config.yaml:10:18: mqtt.version: found 3; expected 5 or 3.1.1',
        'config.yaml:11:15: http.port: found 99999; expected at most 65535',
      ].sort(),
    );
  });

  it('may be the YAML itself', async () => {
    expect(await problems('model: [a\ncameras: {')).toEqual(
      expect.arrayContaining([expect.stringMatching(/^config\.yaml:2:\d+: not YAML: /)]),
    );
    expect(await problems('model: a\nmodel: b')).toEqual([expect.stringMatching(/^config\.yaml:2:1: .*unique/)]);
    expect(await problems('')).toEqual([expect.stringContaining('expected a mapping')]);
  });

  it('may be a trigger that does not exist', async () => {
    const camera = (trigger: string) =>
      `model: a\ncameras:\n  - name: a\n    source: { kind: folder, path: a }\n    trigger: ${trigger}\n`;
    expect((await load(camera('{ every: 1m }'))).cameras[0].trigger).toEqual({ every: 60_000 });
    for (const [trigger, shown] of [
      ['sometimes', '"sometimes"'],
      ['{ evry: 10s }', '{"evry":"10s"}'],
    ]) {
      expect(await problems(camera(trigger))).toEqual([
        `config.yaml:5:14: cameras.1.trigger: found ${shown}; expected continuous, command or { every: 10s }`,
      ]);
    }
  });

  it('may be a camera that only commands trigger, where there are none', async () => {
    const camera = 'model: a\ncameras: [{ name: a, trigger: command, source: { kind: folder, path: a } }]\n';
    expect(await problems(`${camera}mqtt: {}`)).toEqual([
      'config.yaml:2:31: cameras.1.trigger: found "command"; expected mqtt.commands: true with it, else nothing is ever judged',
    ]);
    expect((await load(`${camera}mqtt: { commands: true }`)).cameras[0].trigger).toBe('command');
  });

  it('may be two cameras of one name', async () => {
    const source = 'source: { kind: folder, path: a }';
    expect(await problems(`model: a\ncameras:\n  - { name: a, ${source} }\n  - { name: a, ${source} }`)).toEqual([
      expect.stringMatching(/^config\.yaml:4:13: cameras\.2\.name: .*expected a name of its own/),
    ]);
  });

  it('may be a file that is not there', async () => {
    await expect(loadConfig('/none/config.yaml')).rejects.toThrow(/\/none\/config\.yaml: cannot be read/);
  });

  it('never shows a password', async () => {
    const lines = await problems(
      `${least}mqtt: { url: "mqtt://user:hush@broker", password: [hush], passwordFile: /none/hush-not }\nlogLevel: "rtsp://user:hush@cam"`,
    );
    expect(lines.length).toBeGreaterThanOrEqual(3);
    expect(lines.join().replaceAll('hush-not', '')).not.toContain('hush');
  });
});

describe('certificates', () => {
  it.each(['ca', 'cert', 'key'])('(mqtt.%s) are refused where the address does not encrypt', async (name) => {
    expect(await problems(`${least}mqtt: { url: "mqtt://box", ${name}: ca.pem }`)).toEqual([
      expect.stringMatching(new RegExp(`mqtt\\.${name}: found "ca.pem"; expected mqtts:// or wss:// with it`)),
    ]);
    await load(`${least}mqtt: { url: "mqtts://box", ${name}: ca.pem }`);
  });
});

describe('a secret', () => {
  const rtsp = (url: string) => `model: a\ncameras: [{ name: a, source: { kind: rtsp, url: "${url}" } }]\n`;
  const secret = () => join(inject('shared'), 'secret');

  it('comes from the environment or from a file', async () => {
    writeFileSync(secret(), 'from a file\n');
    // biome-ignore-start lint/suspicious/noTemplateCurlyInString: the configuration's own references.
    const fromEnvironment = await load(rtsp('rtsp://me:${CAMERA_PASSWORD}@cam/1'), { CAMERA_PASSWORD: 'a/b' });
    expect(fromEnvironment.cameras[0].source).toMatchObject({ url: 'rtsp://me:a/b@cam/1' });
    const fromFile = await load(rtsp('rtsp://me:${file:secret}@cam/1'));
    expect(fromFile.cameras[0].source).toMatchObject({ url: 'rtsp://me:from a file@cam/1' });
    const neither = await load(rtsp('rtsp://cam/$${1}'));
    expect(neither.cameras[0].source).toMatchObject({ url: 'rtsp://cam/${1}' });
    // biome-ignore-end lint/suspicious/noTemplateCurlyInString: as above.
    const mqtt = await load(`${least}mqtt: { username: me, passwordFile: secret }`);
    expect(mqtt.mqtt?.password).toBe('from a file');
  });

  it('that is missing is named, with its place', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own reference.
    expect(await problems(rtsp('rtsp://me:${CAMERA_PASSWORD}@cam/1'))).toEqual([
      expect.stringMatching(/^config\.yaml:2:\d+: cameras\.1\.source\.url: .*no variable CAMERA_PASSWORD/),
    ]);
    expect(await problems(`${least}mqtt: { passwordFile: nowhere }`)).toEqual([
      expect.stringMatching(/^config\.yaml:3:\d+: mqtt\.passwordFile: cannot read .*nowhere: ENOENT/),
    ]);
  });

  it.each([
    ['hush ', 'it ends with a blank'],
    ['hush\n\n', 'it has more than one line'],
    ['hush\t\n', 'it ends with a blank'],
    ['hush\r\n\r\n', 'it has more than one line'],
    [' hush', 'it begins with a blank'],
    ['\ufeffhush', 'it begins with a byte order mark'],
    ['', 'it is empty'],
    ['\n', 'it is empty'],
  ])('in a file that nobody can see to be wrong (%j) is refused, and not shown', async (text, what) => {
    writeFileSync(secret(), text);
    const [line, ...others] = await problems(`${least}mqtt: { passwordFile: secret }`);
    expect(others).toEqual([]);
    expect(line).toMatch(
      new RegExp(`^config\\.yaml:3:\\d+: mqtt\\.passwordFile: .*secret: ${what}; expected one line`),
    );
    expect(line).not.toContain('hush');
    expect(await problems(`${least}mqtt: { password: "\${file:secret}" }`)).toEqual([expect.stringContaining(what)]);
  });

  it('guards the HTTP server wherever others can reach it', async () => {
    writeFileSync(secret(), 'aB3-._~+/=\n');
    const { http } = await load(`${least}http: { host: 0.0.0.0, tokenFile: secret }`);
    expect(http).toMatchObject({ host: '0.0.0.0', token: 'aB3-._~+/=' });
    for (const host of ['127.0.0.1', '127.1.2.3', 'localhost', '"::1"']) await load(`${least}http: { host: ${host} }`);
    for (const host of ['0.0.0.0', '192.168.1.2', '"::"', 'edge.local', '127.evil.example']) {
      expect(await problems(`${least}http: { host: ${host} }`)).toEqual([
        expect.stringMatching(
          /^config\.yaml:3:15: http\.host: found ".*"; expected 127\.0\.0\.1, ::1 or localhost, or http\.tokenFile beside it$/,
        ),
      ]);
    }
  });

  it.each(['', 'two words', 'two\nlines', 'ümlaut'])('is no bearer token when it is %j', async (text) => {
    writeFileSync(secret(), text);
    const lines = await problems(`${least}http: { tokenFile: secret }`);
    expect(lines.join()).toMatch(/^config\.yaml:3:\d+: http\.tokenFile: secret: expected one line of letters, digits/);
    if (text) expect(lines.join()).not.toContain(text);
  });

  it('is given once', async () => {
    expect(await problems(`${least}mqtt: { password: a, passwordFile: b }`)).toEqual([
      expect.stringContaining('expected only one of password and passwordFile'),
    ]);
  });
});

describe('any text at all', () => {
  const scalars = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null));
  const keys = fc.constantFrom('model', 'cameras', 'name', 'source', 'kind', 'alert', 'open', 'mqtt', 'http', 'x');
  const { tree } = fc.letrec((tie) => ({
    tree: fc.oneof(
      { depthSize: 'small' },
      scalars,
      fc.array(tie('tree'), { maxLength: 3 }),
      fc.dictionary(keys, tie('tree')),
    ),
  }));

  it('is read, or refused with CONFIG_INVALID', async () => {
    const text = fc.oneof(
      fc.string(),
      tree.map((value) => JSON.stringify(value)),
    );
    await fc.assert(
      fc.asyncProperty(text, async (any) => {
        const error = await load(any).catch((thrown: unknown) => thrown);
        expect(error).toMatchObject({ code: 'CONFIG_INVALID' });
      }),
    );
  });

  it('cannot unfold without bound', async () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const [to, from] of ['ba', 'cb', 'dc', 'ed', 'fe']) bomb.push(`${to}: &${to} [${`*${from}, `.repeat(10)}]`);
    expect(await problems(bomb.join('\n'))).toEqual([expect.stringMatching(/alias/i)]);
  });
});
