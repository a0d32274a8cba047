import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { beforeAll, expect, inject, it, onTestFinished } from 'vitest';
import { findFfmpeg } from '../../../src/line/camera/ffmpeg/ffmpeg.js';
import { aedesBroker } from '../../fixtures/brokers.js';
import { makeVideo, startDaemon, total, until } from '../../fixtures/daemon.js';
import { NetworkCamera } from '../../fixtures/network-camera.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

let folder: string;
let stream: string;
beforeAll(async () => {
  folder = join(inject('shared'), 'damage');
  await mkdir(folder, { recursive: true });
  await tinyBundle();
  await makeVideo(join(folder, 'parts.avi'), { good: 20, bad: 0 });
  stream = join(folder, 'parts.h264');
  const codec = ['-c:v', 'libx264', '-crf', '18', '-bf', '0', '-x264-params', 'slices=4:keyint=10:scenecut=0:aud=1'];
  const ffmpeg = (await findFfmpeg()).path;
  await promisify(execFile)(ffmpeg, [
    '-v',
    'error',
    '-i',
    join(folder, 'parts.avi'),
    '-pix_fmt',
    'yuv420p',
    ...codec,
    stream,
  ]);
});

it('a camera that loses packets and marks every slice raises no alert; what is damaged is counted and warned of', async () => {
  // Every slice of 10 frames is lost once in some turns, and each is marked as the end of a frame.
  const camera = new NetworkCamera(stream, {
    codec: 'h264',
    fps: 10,
    marks: ({ isSlice, endsUnit }) => isSlice && endsUnit,
    loses: ({ index, picture }) => picture > 10 && index % 41 === 0,
  });
  onTestFinished(() => camera.stop());
  const broker = await aedesBroker();
  await broker.start();
  const { bundle } = await tinyBundle();
  const daemon = await startDaemon(
    'damage',
    `model: ${bundle}
cameras: [{ name: line, source: { kind: rtsp, url: "${await camera.start()}" } }]
alert: { open: { k: 3, n: 3 } }
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: damage, version: "3.1.1", verdicts: true }
http: { port: 0 }
`,
    { folder, brokerPort: broker.port },
  );
  const verdicts = () => daemon.on('cameras/line/verdict').map(({ payload }) => JSON.parse(payload.toString()));
  await until(() => verdicts().length >= 40, daemon.log);
  await until(async () => {
    const metrics = await daemon.metrics();
    const damaged = metrics.get('kdad_frames_dropped_total{camera="line",reason="damaged"}') as number;
    return damaged > 0 && (metrics.get('kdad_camera_damage_total{camera="line",reason="packets"}') as number) > 1;
  }, daemon.log);
  // What the encoder does to a good part is near the threshold, and damage far beyond it.
  expect(verdicts().filter(({ ratio }) => ratio > 1.3)).toEqual([]);
  expect(daemon.on('cameras/line/alert')).toEqual([]);
  const metrics = await daemon.metrics();
  expect(total(metrics, 'kdad_camera_reconnects_total')).toBe(0);
  const warnings = daemon
    .log()
    .split('\n')
    .filter((line) => line.includes('damaged frames are not judged'));
  expect(warnings).toEqual([expect.stringMatching(/"camera":"line".*packets missing: 1/)]);
  daemon.process.kill('SIGTERM');
  await once(daemon.process, 'exit');
  await daemon.close();
  await broker.stop();
});
