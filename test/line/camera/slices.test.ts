import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { decode } from '../../../src/line/camera/ffmpeg/decode.js';
import { Readers, readFrames } from '../../../src/line/camera/readers.js';
import { NetworkCamera, type SentPacket } from '../../fixtures/network-camera.js';
import { make, realFfmpegs } from './ffmpegs.js';

const ffmpegs = await realFfmpegs();
const folder = mkdtempSync(join(tmpdir(), 'kdad-slices-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** A second of four slices a frame. */
const FRAMES = 25;
const moving = ['-f', 'lavfi', '-i', `testsrc2=s=320x240:r=${FRAMES}:d=1`, '-pix_fmt', 'yuv420p'];
const streams = { h264: join(folder, 'stream.h264'), hevc: join(folder, 'stream.hevc') };
make(
  ffmpegs[0],
  ...[...moving, '-c:v', 'libx264', '-bf', '0', '-x264-params', 'slices=4:keyint=10:scenecut=0:aud=1', streams.h264],
);
make(
  ffmpegs[0],
  ...[...moving, '-c:v', 'libx265', '-x265-params', 'slices=4:keyint=10:bframes=0:scenecut=0:aud=1:log-level=none'],
  streams.hevc,
);

let camera: NetworkCamera;
afterEach(() => camera.stop());

const patterns: [string, (packet: SentPacket) => boolean][] = [
  ['every slice', ({ isSlice, endsUnit }) => isSlice && endsUnit],
  ['every packet', () => true],
  ['no packet', () => false],
];

describe.each(['h264', 'hevc'] as const)('a camera that sends several slices a frame in %s', (codec) => {
  it.each(patterns)('and marks %s is seen as it was encoded', async (_, marks) => {
    const [ffmpeg] = ffmpegs;
    const size = [48, 64] as const;
    const expected: Buffer[] = [];
    for await (const frame of decode({ kind: 'file', path: streams[codec], realtime: false }, { ffmpeg, size }))
      expected.push(Buffer.from(frame));
    camera = new NetworkCamera(streams[codec], { codec, fps: 50, marks });
    const seen: number[] = [];
    const patience = { firstFrame: 30_000, nextFrame: 30_000 };
    const source = { kind: 'rtsp', url: await camera.start() } as const;
    for await (const frame of readFrames(source, { ffmpeg, size, patience }, new Readers())) {
      if (seen.push(expected.findIndex((one) => one.equals(frame))) === FRAMES + 5) break;
    }
    expect(seen).toEqual(Array.from({ length: FRAMES + 5 }, (_, frame) => frame % FRAMES));
  });
});
