import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import type { AlertEvent } from '../../../src/line/inspection/alerts.js';
import { Inspector } from '../../../src/line/inspection/inspector.js';
import { frame } from '../../fixtures/frames.js';

it("closes a camera's alert when its last frame has been judged, while other cameras go on", async () => {
  const alerts: AlertEvent[] = [];
  let judged = 0;
  const inspector = new Inspector({
    detector: {
      judge: async ({ batch }) => {
        await sleep(20);
        judged += batch;
        return {
          kind: 'judged',
          scores: new Float32Array(batch).fill(2),
          maps: Array(batch).fill(null),
          scenes: Array(batch).fill(null),
        };
      },
    },
    maxBatch: 1,
    maxWait: 0,
    queue: 10,
    thresholdOf: () => 1,
    alert: { open: 2, window: 3, releaseRatio: 0.9, release: 2, cooldown: 0 },
    listener: { onVerdict: () => {}, onAlert: (event) => alerts.push(event), onDrop: () => {}, onBatch: () => {} },
  });
  inspector.start();
  onTestFinished(() => inspector.stop());
  for (let sequence = 0; sequence < 4; sequence++) {
    for (const camera of ['file', 'live']) inspector.push(frame(sequence, camera));
  }
  const end = inspector.end('file');
  expect(alerts).toEqual([]);
  await end;
  expect(judged).toBeLessThanOrEqual(8);
  expect(alerts.filter(({ camera }) => camera === 'file')).toMatchObject([
    { kind: 'opened', peak: { frame: { sequence: 0 } } },
    { kind: 'closed', reason: 'stopped' },
  ]);
  expect(alerts.filter(({ camera }) => camera === 'live')).toMatchObject([{ kind: 'opened' }]);
});
