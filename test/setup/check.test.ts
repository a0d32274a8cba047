import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Check, checkConfiguration } from '../../src/setup/check.js';
import { aedesBroker, type Broker } from '../fixtures/brokers.js';
import { folderWith } from '../fixtures/folder.js';
import { tinyBundle } from '../fixtures/tiny-bundle.js';

let tiny: Awaited<ReturnType<typeof tinyBundle>>;
const brokers: Broker[] = [];
beforeAll(async () => {
  tiny = await tinyBundle();
}, 120_000);
afterEach(async () => {
  for (const broker of brokers.splice(0)) await broker.stop();
});

async function checks(yaml: string): Promise<Record<string, string>> {
  const file = join(await folderWith(), 'kdad-edge.yaml');
  await writeFile(file, yaml);
  const found: Check[] = [];
  for await (const check of checkConfiguration(file)) found.push(check);
  return Object.fromEntries(found.map(({ what, result }) => [what, typeof result === 'string' ? 'ok' : result.code]));
}

const camera = (path: string) => `cameras: [{ name: line, source: { kind: folder, path: ${path} } }]`;

describe('a configuration is tried out:', () => {
  it('every part of one that works', async () => {
    const broker = await aedesBroker();
    brokers.push(broker);
    await broker.start();
    const mqtt = `mqtt: { url: "mqtt://127.0.0.1:${broker.port}", version: 3.1.1 }`;
    expect(await checks(`model: ${tiny.bundle}\n${camera(join(tiny.data, 'test/good'))}\n${mqtt}\n`)).toEqual({
      configuration: 'ok',
      model: 'ok',
      ffmpeg: 'ok',
      'camera line': 'ok',
      broker: 'ok',
    });
  });

  it('all that fails is named, each for itself', async () => {
    const mqtt = 'mqtt: { url: "mqtt://127.0.0.1:9" }';
    const file = 'cameras: [{ name: line, source: { kind: file, path: /nonexistent.mp4 } }]';
    expect(await checks(`model: ${tiny.bundle}\n${file}\n${mqtt}\n`)).toEqual({
      configuration: 'ok',
      model: 'ok',
      ffmpeg: 'ok',
      'camera line': 'FFMPEG_FAILED',
      broker: 'BROKER_UNREACHABLE',
    });
    expect(await checks(`model: /nonexistent\n${file}\n`)).toMatchObject({ model: 'BUNDLE_MISSING' });
    expect(await checks('modell: a\n')).toEqual({ configuration: 'CONFIG_INVALID' });
  });
});
