import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, inject, it } from 'vitest';
import { aedesBroker, type Broker } from '../fixtures/brokers.js';
import { makeVideo, startDaemon, until } from '../fixtures/daemon.js';
import { tinyBundle } from '../fixtures/tiny-bundle.js';
import { length } from './length.js';

const STEPS = length(5, 1);
const clock = new URL('../fixtures/settable-clock.js', import.meta.url).href;

let folder: string;
let broker: Broker;
beforeAll(async () => {
  folder = join(inject('shared'), 'clock');
  await mkdir(folder, { recursive: true });
  broker = await aedesBroker();
  await broker.start();
  await makeVideo(join(folder, 'part.avi'), { good: 10, bad: 10 });
});
afterAll(() => broker.stop());

it(
  `a clock set back by an hour ${STEPS} times, each during an alert, changes timestamps and nothing else`,
  async () => {
    const { bundle } = await tinyBundle();
    const daemon = await startDaemon(
      'clock',
      `model: ${bundle}
cameras:
  - { name: line, source: { kind: file, path: ../part.avi, loop: true }, stallTimeout: 10s }
alert: { open: { k: 3, n: 5 }, goodFrames: 4, release: 1, cooldown: 1s }
inspection: { queue: 50 }
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: clock, version: "3.1.1" }
http: { port: 0 }
`,
      { folder, brokerPort: broker.port, env: { NODE_OPTIONS: `--import ${clock}` } },
    );
    const alerts = () => daemon.on('cameras/line/alert').map(({ payload }) => JSON.parse(payload.toString()));
    const of = (what: string) => alerts().filter(({ event }) => event === what);
    for (let step = 1; step <= STEPS; step++) {
      await until(() => of('opened').length === step, daemon.log);
      daemon.process.kill('SIGUSR2');
      await until(() => of('closed').length === step, daemon.log);
      const { openedAt, time, durationSeconds } = of('closed').at(-1);
      expect(Date.parse(time)).toBeLessThan(Date.parse(openedAt) - 3_500_000);
      expect(durationSeconds).toBeGreaterThan(0);
      expect(durationSeconds).toBeLessThan(20);
    }
    // The cooldown is a second, not an hour.
    await until(() => of('opened').length > STEPS, daemon.log);
    expect(alerts().filter(({ late }) => late)).toEqual([]);
    const metrics = await daemon.metrics();
    expect(metrics.get('kdad_frame_latency_seconds_sum{camera="line"}')).toBeGreaterThan(0);
    expect(metrics.get('kdad_camera_reconnects_total{camera="line"}')).toBe(0);
    daemon.process.kill('SIGTERM');
    const [code] = await once(daemon.process, 'exit');
    expect(code, daemon.log()).toBe(0);
    await daemon.close();
  },
  60_000 + 60_000 * STEPS,
);
