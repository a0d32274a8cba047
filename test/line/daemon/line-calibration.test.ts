import { once } from 'node:events';
import { appendFile, mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, inject, it, onTestFinished } from 'vitest';
import { openBundle } from '../../../src/method/bundle/read.js';
import { aedesBroker } from '../../fixtures/brokers.js';
import { kdadEdge } from '../../fixtures/command-line.js';
import { makeVideo, type RunningDaemon, startDaemon, total, until } from '../../fixtures/daemon.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

it('a daemon remembers scores over a restart; a threshold from them is proposed, put into force, kept, and taken back', async () => {
  const { bundle } = await tinyBundle();
  const { threshold } = await openBundle(bundle);
  const folder = join(inject('shared'), 'line-calibration');
  await mkdir(folder, { recursive: true });
  await makeVideo(join(folder, 'part.avi'), { good: 10, bad: 0 });
  const broker = await aedesBroker();
  await broker.start();
  onTestFinished(() => broker.stop());
  const yaml = `
model: ${bundle}
stateDir: state
cameras: [{ name: line, source: { kind: file, path: ../part.avi, loop: true } }]
http: { port: 0 }
`;
  const start = async (): Promise<RunningDaemon> => {
    const daemon = await startDaemon('calibrated', yaml, { folder, brokerPort: broker.port });
    await until(
      async () => daemon.port() > 0 && total(await daemon.metrics(), 'kdad_frames_judged_total') > 12,
      daemon.log,
    );
    return daemon;
  };
  const stop = async (daemon: RunningDaemon, signal: NodeJS.Signals): Promise<void> => {
    daemon.process.kill(signal);
    await once(daemon.process, 'exit');
    await daemon.close();
  };
  const config = join(folder, 'calibrated/kdad-edge.yaml');
  const calibrate = (...options: string[]) => kdadEdge('calibrate', '--config', config, '--camera', 'line', ...options);
  const status = async (daemon: RunningDaemon) => {
    const response = await fetch(`http://127.0.0.1:${daemon.port()}/api/v1/status`);
    return ((await response.json()) as { cameras: { threshold: number; commanded?: object }[] }).cameras[0];
  };

  let daemon = await start();
  const early = await calibrate();
  expect(early.code).toBe(4);
  expect(early.stderr).toMatch(/parts were judged by this model so far.*expected 30 or more.*COMMAND_FAILED/s);
  await stop(daemon, 'SIGTERM');
  const scores = join(folder, 'calibrated/state/scores/line.scores');
  expect((await readFile(scores, 'utf8')).split('\n').length).toBeGreaterThan(2);
  // What a minute and a half of parts in another light would leave.
  const brighter = Array.from({ length: 100 }, (_, i) => threshold * (1 + (i % 10) / 50));
  await appendFile(scores, `${brighter.join('\n')}\n`);

  daemon = await start();
  const { code, stdout, stderr } = await calibrate('--parts', '90', '--json');
  expect(code, stderr).toBe(0);
  const { factor, parts, held, applied } = JSON.parse(stdout);
  expect(parts).toBe(90);
  expect(factor).toBeGreaterThan(1.1);
  expect([held, applied]).toEqual([threshold, false]);
  expect((await status(daemon)).threshold).toBe(threshold);
  const { factor: inForce } = JSON.parse((await calibrate('--parts', '90', '--apply', '--json')).stdout);
  expect((await status(daemon)).threshold).toBeCloseTo(inForce * threshold, 12);
  await stop(daemon, 'SIGKILL');

  daemon = await start();
  expect(await status(daemon)).toMatchObject({ commanded: { calibrated: { factor: inForce }, muted: false } });
  expect(daemon.log()).toContain('a threshold that was calibrated on the line applies');
  expect((await calibrate('--undo')).stdout).toContain(`the threshold is ${threshold.toPrecision(4)} again, was `);
  expect((await status(daemon)).threshold).toBe(threshold);
  expect((await calibrate('--undo')).code).toBe(4);
  await stop(daemon, 'SIGTERM');
  expect((await calibrate()).stderr).toContain('DAEMON_UNREACHABLE');
});
