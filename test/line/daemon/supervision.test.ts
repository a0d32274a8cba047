import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, inject, it, vi } from 'vitest';
import type { Status } from '../../../src/line/daemon/status.js';
import { Supervision } from '../../../src/line/daemon/supervision.js';
import { createLog } from '../../../src/line/observability/log.js';
import { Systemd } from '../../../src/line/observability/systemd.js';
import { aedesBroker, type Broker } from '../../fixtures/brokers.js';
import { makeVideo, startDaemon, until } from '../../fixtures/daemon.js';
import { hasNotify, notifySocket } from '../../fixtures/notify-socket.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

const camera = {
  name: 'line',
  model: 'washer',
  threshold: 0.5,
  state: 'live',
  since: '',
  framesJudged: 1,
  lastRatio: 0.5,
  openAlert: null,
} as const;
const status: Status = {
  version: '1.2.3',
  uptimeSeconds: 1,
  models: [{ name: 'washer', version: '7', precision: 'fp32', threshold: 0.5 }],
  cameras: [camera, { ...camera, name: 'gate', state: 'lost' }],
};

afterEach(() => void vi.unstubAllEnvs());

describe.skipIf(!hasNotify)('supervision', () => {
  /** Started, with a watchdog that wants to hear every second; ends with the test. */
  async function supervised(described: Status = status) {
    const { path, messages } = await notifySocket();
    vi.stubEnv('NOTIFY_SOCKET', path);
    vi.stubEnv('WATCHDOG_USEC', '1000000');
    const progress = { stuck: false };
    const systemd = Systemd.of(process.env, () => {}) as Systemd;
    const supervision = new Supervision({ systemd, progress, status: () => described, log: createLog('silent') });
    supervision.start();
    const heard = (notice: string) => messages.filter((message) => message.includes(notice)).length;
    const hears = (notice: string, times: number) =>
      until(
        () => heard(notice) >= times,
        () => JSON.stringify(messages),
      );
    return { supervision, progress, messages, heard, hears };
  }

  it('tells that the daemon is ready, how it is, and that it stops', async () => {
    const { supervision, messages, hears } = await supervised();
    await hears('READY=1', 1);
    expect(messages[0]).toEqual(['READY=1', 'STATUS=1 of 2 cameras live; model washer 7']);
    await supervision.stop();
    await hears('STOPPING=1', 1);
    expect(messages.at(-1)).toEqual(['STOPPING=1']);
  });

  it('feeds the watchdog while there is progress, and only then', async () => {
    const { supervision, progress, heard, hears } = await supervised();
    await hears('WATCHDOG=1', 3);
    progress.stuck = true;
    await hears('STATUS=no frame is judged', 1);
    const fed = heard('WATCHDOG=1');
    await hears('STATUS=no frame is judged', 4);
    expect(heard('WATCHDOG=1')).toBe(fed);
    progress.stuck = false;
    await hears('WATCHDOG=1', fed + 1);
    await supervision.stop();
  });

  it('names what needs a look', async () => {
    const openAlert = { id: 'a', openedAt: '', peakRatio: 2 };
    const troubled = { ...status, cameras: [{ ...camera, openAlert }], mqtt: { connected: false, outboxDepth: 3 } };
    const { supervision, messages, hears } = await supervised(troubled);
    await hears('READY=1', 1);
    expect(messages[0][1]).toBe('STATUS=1 of 1 cameras live; model washer 7; the broker is not reached; alert: line');
    await supervision.stop();
  });
});

describe.skipIf(!hasNotify)('kdad-edge run under systemd', () => {
  let broker: Broker;
  const folder = join(inject('shared'), 'supervision');
  beforeAll(async () => {
    await mkdir(folder, { recursive: true });
    broker = await aedesBroker();
    await broker.start();
    await makeVideo(join(folder, 'part.avi'), { good: 10, bad: 0 });
  });
  afterAll(() => broker.stop());

  it('is ready once it watches, feeds the watchdog while it judges, and says good-bye', async () => {
    const { path, messages } = await notifySocket();
    vi.stubEnv('NOTIFY_SOCKET', path);
    vi.stubEnv('WATCHDOG_USEC', '1000000');
    const { bundle } = await tinyBundle();
    const source = '{ kind: file, path: ../part.avi, loop: true }';
    const yaml = `model: ${bundle}\ncameras: [{ name: line, source: ${source} }]\nhttp: { port: 0 }\n`;
    const daemon = await startDaemon('notifying', yaml, { folder, brokerPort: broker.port });
    const heard = (notice: string) => messages.filter((message) => message.some((line) => line.startsWith(notice)));
    await until(
      () => heard('WATCHDOG=1').length > 3,
      () => `${JSON.stringify(messages)}\n${daemon.log()}`,
    );
    expect(messages[0][0]).toBe('READY=1');
    expect(heard('STATUS=1 of 1 cameras live; model bundle').length).toBeGreaterThan(0);
    daemon.process.kill('SIGTERM');
    await once(daemon.process, 'exit');
    await until(
      () => heard('STOPPING=1').length > 0,
      () => JSON.stringify(messages),
    );
    await sleep(500);
    expect(messages.at(-1)).toEqual(['STOPPING=1']);
    await daemon.close();
  });
});
