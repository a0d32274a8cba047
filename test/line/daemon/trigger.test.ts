import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, expect, inject, it } from 'vitest';
import { aedesBroker } from '../../fixtures/brokers.js';
import { makeVideo, startDaemon, total, until } from '../../fixtures/daemon.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

let folder: string;
beforeAll(async () => {
  folder = join(inject('shared'), 'trigger');
  await mkdir(folder, { recursive: true });
  await tinyBundle();
  await makeVideo(join(folder, 'part.avi'), { good: 20, bad: 0 });
});

it('a camera with an interval has one frame of each judged, and the others counted', async () => {
  const broker = await aedesBroker();
  await broker.start();
  const { bundle } = await tinyBundle();
  const daemon = await startDaemon(
    'interval',
    `model: ${bundle}
cameras: [{ name: line, trigger: { every: 1s }, source: { kind: file, path: ../part.avi, loop: true } }]
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: interval, version: "3.1.1", verdicts: true }
http: { port: 0 }
`,
    { folder, brokerPort: broker.port },
  );
  const times = () =>
    daemon.on('cameras/line/verdict').map(({ payload }) => Date.parse(JSON.parse(payload.toString()).time));
  await until(() => times().length >= 5, daemon.log);
  const metrics = await daemon.metrics();
  const received = total(metrics, 'kdad_frames_received_total');
  const judged = total(metrics, 'kdad_frames_judged_total');
  const untriggered = metrics.get('kdad_frames_dropped_total{camera="line",reason="untriggered"}') as number;
  expect(received - judged - untriggered).toBeLessThanOrEqual(1);
  expect(untriggered).toBeGreaterThan(2 * judged);
  // Of neighbouring intervals each has one: five frames lie at least three intervals apart, however late they came.
  expect(times()[4] - times()[0]).toBeGreaterThan(3000);
  daemon.process.kill('SIGTERM');
  await once(daemon.process, 'exit');
  await daemon.close();
  await broker.stop();
});
