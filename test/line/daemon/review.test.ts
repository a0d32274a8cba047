import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, it, onTestFinished } from 'vitest';
import { aedesBroker } from '../../fixtures/brokers.js';
import { makeVideo, startDaemon, total, until } from '../../fixtures/daemon.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

it('a daemon whose configuration asks for a band to be reviewed tells of frames in it, and opens no alert for them', async () => {
  const { bundle } = await tinyBundle();
  const folder = join(inject('shared'), 'review');
  await mkdir(folder, { recursive: true });
  await makeVideo(join(folder, 'part.avi'), { good: 10, bad: 0 });
  const broker = await aedesBroker();
  await broker.start();
  onTestFinished(() => broker.stop());
  const yaml = `
model: ${bundle}
cameras: [{ name: line, source: { kind: file, path: ../part.avi, loop: true } }]
threshold: { factor: 1.2 }
review: { factor: 0.1 }
alert: { open: { k: 1, n: 1 } }
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: near, version: 3.1.1, verdicts: true }
http: { port: 0 }
`;
  const daemon = await startDaemon('near', yaml, { folder, brokerPort: broker.port });
  const verdicts = () =>
    daemon.on('cameras/line/verdict').map(({ payload }) => JSON.parse(payload.toString()).verdict as string);
  await until(() => verdicts().length >= 10, daemon.log);
  expect(new Set(verdicts())).toEqual(new Set(['review']));
  const metrics = await daemon.metrics();
  expect(metrics.get('kdad_frames_judged_total{camera="line",verdict="review"}')).toBeGreaterThan(0);
  expect(total(metrics, 'kdad_alerts_total')).toBe(0);
  const state = daemon.on('cameras/line/inspection').at(-1);
  expect(JSON.parse(state?.payload.toString() ?? '{}')).toMatchObject({ alert: 'closed', verdict: 'review' });
  const response = await fetch(`http://127.0.0.1:${daemon.port()}/api/v1/status`);
  const { cameras } = (await response.json()) as { cameras: { threshold: number; reviewThreshold: number }[] };
  expect(cameras[0].reviewThreshold).toBeCloseTo(0.1 * cameras[0].threshold, 12);
  await daemon.close();
});
