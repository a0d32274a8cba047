import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { aedesBroker, type Broker } from '../fixtures/brokers.js';
import { descendants, startDaemon, until } from '../fixtures/daemon.js';
import { hasRtspServer, rtspServer } from '../fixtures/rtsp.js';
import { setThreshold } from '../fixtures/set-threshold.js';
import { tinyBundle } from '../fixtures/tiny-bundle.js';
import { length } from './length.js';

const RESTARTS = length(5, 1);
/**
 * The first wait before a camera is tried again, and what the connection itself may take; longer beside other tests.
 */
const BACK = 1000 + length(2000, 6000);

let folder: string;
let broker: Broker;
beforeAll(async () => {
  folder = join(inject('shared'), 'rtsp-restarts');
  await mkdir(folder, { recursive: true });
  broker = await aedesBroker();
  await broker.start();
});
afterAll(() => broker.stop());

describe.skipIf(!hasRtspServer)('an RTSP server', () => {
  it(
    `that is killed and comes back ${RESTARTS} times is watched again each time, without a false alert or a process left over`,
    async () => {
      const bundle = join(folder, 'bundle');
      await cp((await tinyBundle()).bundle, bundle, { recursive: true });
      let server = await rtspServer();
      onTestFinished(() => server.kill());
      const yaml = (name: string) => `
model: ${bundle}
cameras: [{ name: line, source: { kind: rtsp, url: "${server.url}" }, fps: 10 }]
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: ${name}, version: "3.1.1", verdicts: true }
http: { port: 0 }
`;
      const places = { folder, brokerPort: broker.port };
      // The ball on the screen is no product: what it scores at most while all is well is the model's threshold here.
      await setThreshold(bundle, 1e6);
      const first = await startDaemon('calm', yaml('calm'), places);
      const scores = () => first.on('cameras/line/verdict').map(({ payload }) => JSON.parse(payload.toString()).score);
      await until(() => scores().length >= 30, first.log);
      await setThreshold(bundle, 1.1 * Math.max(...scores()));
      first.process.kill('SIGTERM');
      await first.close();

      const daemon = await startDaemon('line', yaml('line'), places);
      const verdicts = () => daemon.on('cameras/line/verdict').length;
      await until(() => verdicts() > 5, daemon.log);
      const port = Number(new URL(server.url.replace('rtsp:', 'http:')).port);
      for (let restart = 0; restart < RESTARTS; restart++) {
        const times = (state: string) => daemon.log().split(`"msg":"camera ${state}"`).length - 1;
        const before = { lost: times('lost'), live: times('live') };
        server.kill();
        await until(() => times('lost') > before.lost, daemon.log);
        server = await rtspServer(port);
        const back = performance.now();
        await until(() => times('live') > before.live, daemon.log);
        expect(performance.now() - back).toBeLessThan(BACK);
        const seen = verdicts();
        await until(() => verdicts() > seen, daemon.log);
        // Long enough well to be tried again as quickly as at first.
        await sleep(1500);
      }
      const processes = await descendants(daemon.process.pid as number);
      expect(processes.filter(({ command }) => /\bffmpeg\b/.test(command))).toHaveLength(1);
      expect(daemon.on('cameras/line/alert')).toEqual([]);
      const metrics = await daemon.metrics();
      expect(metrics.get('kdad_camera_reconnects_total{camera="line"}')).toBeGreaterThanOrEqual(RESTARTS);
      await daemon.close();
    },
    60_000 + 20_000 * RESTARTS,
  );
});
