import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { activate } from '../../src/method/bundle/store.js';
import { aedesBroker, type Broker } from '../fixtures/brokers.js';
import { descendants, makeVideo, startDaemon, total, until } from '../fixtures/daemon.js';
import { tinyBundle } from '../fixtures/tiny-bundle.js';
import { length } from './length.js';

const SWAPS = length(10, 2);

let folder: string;
let broker: Broker;
beforeAll(async () => {
  folder = join(inject('shared'), 'model-swaps');
  await mkdir(folder, { recursive: true });
  broker = await aedesBroker();
  await broker.start();
  await makeVideo(join(folder, 'part.avi'), { good: 10, bad: 0 });
});
afterAll(() => broker.stop());

it(
  `${SWAPS} swaps of the model under load leave no gap of two seconds, no process and no memory behind`,
  async () => {
    const { bundle } = await tinyBundle();
    const store = join(folder, 'models/blots');
    for (const version of ['1', '2']) await cp(bundle, join(store, version), { recursive: true });
    await activate(store, '1');
    const daemon = await startDaemon(
      'swaps',
      `model: ${store}
cameras: [{ name: line, source: { kind: file, path: ../part.avi, loop: true } }]
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: swaps, version: "3.1.1", verdicts: true }
http: { port: 0 }
`,
      { folder, brokerPort: broker.port },
    );
    const inUse = async () =>
      [...(await daemon.metrics()).keys()].find((series) => series.startsWith('kdad_model_info'));
    await until(() => daemon.on('cameras/line/verdict').length > 20, daemon.log);
    expect(await inUse()).toContain('model="blots",model_version="1"');
    const memory = async () => (await daemon.metrics()).get('process_resident_memory_bytes') as number;
    const before = await memory();
    for (let swap = 1; swap <= SWAPS; swap++) {
      const version = swap % 2 === 1 ? '2' : '1';
      await activate(store, version);
      await until(async () => (await inUse())?.includes(`model_version="${version}"`) ?? false, daemon.log);
      await sleep(300);
    }
    const times = daemon
      .on('cameras/line/verdict')
      .map(({ payload }) => Date.parse(JSON.parse(payload.toString()).time));
    const gaps = times.slice(1).map((time, i) => time - times[i]);
    expect(Math.max(...gaps)).toBeLessThan(2000);
    const metrics = await daemon.metrics();
    expect(metrics.get('kdad_model_swaps_total{result="done"}')).toBe(SWAPS);
    expect(total(metrics, 'kdad_frames_dropped_total')).toBeLessThan(
      0.2 * total(metrics, 'kdad_frames_received_total'),
    );
    expect((await memory()) - before).toBeLessThan(60e6);
    const children = await descendants(daemon.process.pid as number);
    expect(children.filter(({ command }) => command.includes('inference-main'))).toHaveLength(1);
    await daemon.close();
  },
  60_000 + 20_000 * SWAPS,
);
