import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { aedesBroker, type Broker } from '../fixtures/brokers.js';
import { descendants, makeVideo, startDaemon, total, until } from '../fixtures/daemon.js';
import { tinyBundle } from '../fixtures/tiny-bundle.js';
import { length } from './length.js';

const KILLS = length(20, 3);
/** Frames that may be under way: in the queues, and in the batch in flight. */
const UNDER_WAY = 2 * 4 + 8;

let folder: string;
let broker: Broker;
beforeAll(async () => {
  folder = join(inject('shared'), 'inference-kills');
  await mkdir(folder, { recursive: true });
  broker = await aedesBroker();
  await broker.start();
  await makeVideo(join(folder, 'part.avi'), { good: 10, bad: 0 });
});
afterAll(() => broker.stop());

it(
  `an inference process that is killed ${KILLS} times is replaced each time, and every frame is judged or counted as dropped`,
  async () => {
    const { bundle } = await tinyBundle();
    const camera = (name: string) => `{ name: ${name}, source: { kind: file, path: ../part.avi, loop: true } }`;
    const daemon = await startDaemon(
      'kills',
      `model: ${bundle}
cameras: [${camera('one')}, ${camera('two')}]
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: kills, version: "3.1.1" }
http: { port: 0 }
`,
      { folder, brokerPort: broker.port },
    );
    await until(
      async () => daemon.port() > 0 && total(await daemon.metrics(), 'kdad_frames_judged_total') > 20,
      daemon.log,
    );
    const inference = async () => {
      const children = await descendants(daemon.process.pid as number);
      return children.find(({ command }) => command.includes('inference-main'))?.pid;
    };
    for (let kill = 1; kill <= KILLS; kill++) {
      const victim = (await inference()) as number;
      // What comes while it stands still is a batch under way, so that each kill costs one.
      process.kill(victim, 'SIGSTOP');
      const received = total(await daemon.metrics(), 'kdad_frames_received_total');
      await until(
        async () => total(await daemon.metrics(), 'kdad_frames_received_total') >= received + 2 * 4,
        daemon.log,
      );
      process.kill(victim, 'SIGKILL');
      await until(async () => ![undefined, victim].includes(await inference()), daemon.log);
      const judged = total(await daemon.metrics(), 'kdad_frames_judged_total');
      await until(async () => total(await daemon.metrics(), 'kdad_frames_judged_total') > judged, daemon.log);
      expect(total(await daemon.metrics(), 'kdad_inference_restarts_total')).toBe(kill);
      await sleep(200 * Math.random());
    }
    const metrics = await daemon.metrics();
    const [received, judged, dropped] = ['received', 'judged', 'dropped'].map((what) =>
      total(metrics, `kdad_frames_${what}_total`),
    );
    expect(received - judged - dropped).toBeGreaterThanOrEqual(0);
    expect(received - judged - dropped).toBeLessThanOrEqual(UNDER_WAY);
    const lost = ['one', 'two'].map((name) => `kdad_frames_dropped_total{camera="${name}",reason="inference"}`);
    expect(lost.reduce((sum, key) => sum + (metrics.get(key) ?? 0), 0)).toBeGreaterThanOrEqual(KILLS);
    expect(daemon.on('cameras/one/alert')).toEqual([]);
    await daemon.close();
  },
  30_000 + 15_000 * KILLS,
);
