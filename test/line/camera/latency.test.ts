import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { RtspCamera } from '../../../bench/latency/rtsp-camera.js';
import type { Ffmpeg } from '../../../src/line/camera/ffmpeg/ffmpeg.js';
import { Readers, readFrames } from '../../../src/line/camera/readers.js';
import { make, realFfmpegs } from './ffmpegs.js';

const ffmpegs = await realFfmpegs();
const folder = mkdtempSync(join(tmpdir(), 'kdad-latency-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A second in which few frames come: what is waited for by the frame takes long. */
const FPS = 5;
const stream = join(folder, 'stream.h264');
beforeAll(() =>
  make(
    ffmpegs[0],
    ...['-f', 'lavfi', '-i', `testsrc=s=320x240:r=${FPS}:d=2`, '-pix_fmt', 'yuv420p', '-c:v', 'libx264', '-bf', '0'],
    ...['-g', String(2 * FPS), '-x264-params', 'aud=1:scenecut=0', stream],
  ),
);

let camera: RtspCamera;
afterEach(() => camera.stop());

/** When so many frames came; their camera has noted when each was sent. Milliseconds since the epoch. */
async function watch(ffmpeg: Ffmpeg, count: number): Promise<{ came: number[] }> {
  camera = new RtspCamera(stream, FPS);
  const url = await camera.start();
  const came: number[] = [];
  for await (const _ of readFrames({ kind: 'rtsp', url }, { ffmpeg, size: [32, 32] }, new Readers())) {
    if (came.push(Date.now()) === count) break;
  }
  return { came };
}

describe.each(ffmpegs)('an RTSP camera of few frames, read by $path', (ffmpeg) => {
  it('is seen without waiting for the next frame', async () => {
    const { came } = await watch(ffmpeg, 20);
    const delays = came.map((time, frame) => time - camera.sent[frame]).slice(-10);
    // A busy machine makes some late; a reader that waits for the next frame makes all of them so.
    expect(Math.min(...delays)).toBeLessThan(700 / FPS);
  });

  it('gives its first frame at once, over TCP', async () => {
    const { came } = await watch(ffmpeg, 1);
    // What guesses the rate first takes twenty.
    expect(camera.sent.filter((time) => time < came[0]).length).toBeLessThan(15);
    expect(camera.transports).toEqual(['RTP/AVP/TCP']);
  });
});
