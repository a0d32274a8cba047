import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { duration, LONGEST_TIMER, parseDuration } from '../../../src/line/config/duration.js';
import { type JsonSchema, jsonSchema } from '../../../src/line/config/json-schema.js';
import { loadConfig } from '../../../src/line/config/load.js';
import { folderWith } from '../../fixtures/folder.js';

/** Every part of the schema that is no section, with the way to it. */
function leaves(schema: JsonSchema, way = ''): [way: string, leaf: JsonSchema][] {
  const { properties, items, oneOf, anyOf } = schema;
  const inside = [
    ...Object.entries(properties ?? {}).map(([name, one]) => [`${way}.${name}`, one] as const),
    ...[items ?? []].flat().map((one, i) => [`${way}[${i}]`, one as JsonSchema] as const),
    ...[...(oneOf ?? []), ...(anyOf ?? [])].map((one) => [way, one] as const),
  ];
  const below = inside.flatMap(([place, one]) => leaves(one, place));
  return schema.type === 'object' || oneOf || anyOf ? below : [[way, schema], ...below];
}

/** What compares the age of something with it, and no timer waits for. */
const NO_TIMER = ['.evidence.maxAge'];

describe('the schema', () => {
  const all = leaves(jsonSchema());

  it('is walked whole', () => {
    const ways = all.map(([way]) => way);
    expect(ways.length).toBeGreaterThan(60);
    for (const way of ['.cameras', '.cameras[0].source.size[1]', '.cameras[0].ignore[0][0][1]', '.http.port']) {
      expect(ways).toContain(way);
    }
    expect(ways).toContain('.cameras[0].trigger.every');
  });

  it.each(all)('bounds %s', (way, leaf) => {
    const { type, minimum, maximum, maxLength, maxItems, const: fixed } = leaf;
    const choices = (leaf as { enum?: unknown[] }).enum;
    if (fixed !== undefined || choices !== undefined || type === 'boolean') return;
    switch (type) {
      case 'number':
      case 'integer':
        expect(minimum).toEqual(expect.any(Number));
        expect(maximum).toBeLessThanOrEqual(1e7);
        break;
      case 'array':
        expect(maxItems ?? (leaf.items as unknown[]).length).toBeLessThanOrEqual(1000);
        break;
      default: {
        expect(type).toBe('string');
        if (leaf['x-maximum'] === undefined) return expect(maxLength).toBeLessThanOrEqual(20_000);
        if (leaf['x-maximum'].endsWith('%')) return expect(leaf['x-minimum']).toMatch(/^[\d.]+%$/);
        expect(leaf['x-minimum']).toMatch(/^\d+(ms|s|m|h)$/);
        if (!NO_TIMER.includes(way)) expect(parseDuration(leaf['x-maximum'])).toBeLessThan(LONGEST_TIMER / 2);
      }
    }
  });
});

const camera = (more: string, source = 'kind: folder, path: p') =>
  `model: m\ncameras:\n  - { name: a, source: { ${source} }, ${more} }\n`;
const rest = (more: string) => `${camera('')}${more}\n`;
const address = (kind: string, url: string) => camera('', `kind: ${kind}, url: "${url}"`);

async function load(text: string) {
  return loadConfig(`${await folderWith({ 'kdad-edge.yaml': text })}/kdad-edge.yaml`, {});
}

describe('what a machine cannot keep is refused, with its place:', () => {
  it.each([
    [camera('stallTimeout: 720h'), /3:.*stallTimeout: found "720h"; expected at most 24h/],
    [camera('stallTimeout: 0s'), /stallTimeout: found "0s"; expected at least 100ms/],
    [camera(`stallTimeout: ${'9'.repeat(400)}h`), /stallTimeout: .*expected at most 24h/],
    [camera('firstFrameTimeout: 1000h'), /firstFrameTimeout: .*expected at most 1h/],
    [camera('threshold: { falseAlarms: 0.001% }'), /threshold\.falseAlarms: found "0\.001%"; expected at least 0\.01%/],
    [camera('threshold: { falseAlarms: 60% }'), /threshold\.falseAlarms: found "60%"; expected at most 50%/],
    [rest('review: { factor: 1.1 }'), /review\.factor: found 1\.1; expected at most 0\.99/],
    [rest('review: 5%'), /review: found "5%"; expected \{ falseAlarms: 5% \} or \{ factor: 0\.9 \}/],
    [
      rest('threshold: { falseAlarms: 5% }\nreview: { falseAlarms: 1% }'),
      /review\.falseAlarms: found "1%"; expected more than the threshold is for/,
    ],
    [rest('threshold: { falseAlarms: 0.5 }'), /threshold\.falseAlarms: found 0\.5; expected a share such as 0\.5%/],
    [camera('settle: 2h'), /settle: .*expected at most 1h/],
    [camera('trigger: { every: 0ms }'), /trigger.*expected/],
    [camera('fps: 1e-9'), /fps: .*expected at least 0\.001/],
    [camera('fps: 1e9'), /fps: .*expected at most 1000/],
    [camera('fps: 0.01', 'kind: file, path: p'), /fps: found 0\.01; expected more than one frame within stallTimeout/],
    [camera('crop: { width: 1e-9 }'), /crop\.width: .*expected at least 0\.01/],
    [
      camera('', 'kind: v4l2, device: /dev/video0, size: [1e9, 1]'),
      /size\.1: found 1000000000; expected at most 16384/,
    ],
    [camera('', 'kind: folder, path: "a\\0b"'), /source\.path: .*expected a path without zero characters/],
    [camera('').replace('name: a', `name: ${'a'.repeat(65)}`), /name: .*expected at most 64 characters/],
    [camera('').replace('model: m', `model: ${'m'.repeat(4097)}`), /model: .*expected at most 4096 characters/],
    [rest('inspection: { batchTimeout: 700h }'), /batchTimeout: .*expected at most 1h/],
    [rest('inspection: { queue: 1e6 }'), /queue: .*expected at most 64/],
    [rest('inspection: { maxBatch: 1e6 }'), /maxBatch: .*expected at most 64/],
    [rest('inspection: { maxWait: 10h }'), /maxWait: .*expected at most 1h/],
    [rest('alert: { open: { n: 1001 } }'), /alert\.open\.n: found 1001; expected at most 1000/],
    [rest('alert: { release: 0.000001 }'), /release: .*expected at least 0\.1/],
    [rest('alert: { cooldown: 10000h }'), /cooldown: .*expected at most 168h/],
    [rest('evidence: { maxSize: 1e300 }'), /maxSize: .*expected at most 10000000/],
    [rest('http: { port: 65536 }'), /http\.port: found 65536; expected at most 65535/],
    [rest('http: { host: 127.0.0.999 }'), /http\.host: .*expected the name or the address of this machine/],
    [rest('mqtt: { url: "mqtt://broker:99999" }'), /mqtt\.url: .*expected a port from 1 to 65535/],
    [rest('mqtt: { url: "mqtt://:1883" }'), /mqtt\.url: .*expected the name or the address of a machine/],
    [rest('mqtt: { topicPrefix: "line/+/box" }'), /topicPrefix: .*expected a topic without \+/],
    [rest('mqtt: { topicPrefix: "$SYS/box" }'), /topicPrefix: .*does not begin with \$/],
    [rest('mqtt: { topicPrefix: "a\\nb" }'), /topicPrefix: .*expected a text without control characters/],
    [rest(`mqtt: { topicPrefix: ${'a'.repeat(300)} }`), /topicPrefix: .*expected at most 256 characters/],
    [rest('mqtt: { clientId: "a\\0b" }'), /clientId: .*expected a text without control characters/],
    [address('rtsp', 'rtsp://cam:99999/1'), /source\.url: .*expected a port from 1 to 65535/],
    [address('rtsp', 'rtsp://user:pass@cam:0/1'), /source\.url: .*expected a port from 1 to 65535/],
    [address('rtsp', 'rtsp://192.168.1.300/1'), /source\.url: .*expected the name or the address of a machine/],
    [address('mjpeg', 'http://cam era/1'), /source\.url: .*expected the name or the address of a machine/],
    [address('mjpeg', 'http:///1.jpg'), /source\.url: .*expected the name or the address of a machine/],
  ])('%#: %s', async (text, message) => {
    await expect(load(text)).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    address('rtsp', 'rtsp://cam/1'),
    address('rtsp', 'rtsp://user:p%40ss@192.168.1.20:8554/live?channel=1&subtype=0'),
    address('rtsp', 'rtsp://user:a/b#c?d@my_cam.local:554/1'),
    address('rtsps', 'rtsps://[fe80::1]:322/1').replace('kind: rtsps', 'kind: rtsp'),
    address('mjpeg', 'https://xn--kamera-bla.example/1?user=a@b'),
    rest('mqtt: { url: "ws://broker:9001/mqtt", topicPrefix: "werk/straße/box 1" }'),
    rest('evidence: { maxAge: 720h, maxSize: 0, minFree: 0 }'),
    camera('fps: 0.01, trigger: { every: 168h }, stallTimeout: 24h'),
  ])('what it can keep is not: %s', async (text) => expect(await load(text)).toBeDefined());
});

describe('a duration', () => {
  it('is in its bounds, or refused, whatever its digits', () => {
    const within = duration('10ms', '24h');
    const digits = fc.string({ unit: fc.constantFrom(...'0123456789'), minLength: 1, maxLength: 400 });
    fc.assert(
      fc.property(digits, fc.constantFrom('ms', 's', 'm', 'h'), (number, unit) => {
        const { success, data } = within.safeParse(`${number}${unit}`);
        const value = parseDuration(`${number}${unit}`);
        expect(success).toBe(value >= 10 && value <= 86_400_000);
        if (success) expect(data).toBe(value);
      }),
    );
  });
});
