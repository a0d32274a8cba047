import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { KdadError } from '../../../src/common/errors.js';
import type { DamageReason } from '../../../src/line/camera/damage.js';
import { decode } from '../../../src/line/camera/ffmpeg/decode.js';
import type { Ffmpeg } from '../../../src/line/camera/ffmpeg/ffmpeg.js';
import { Readers, readFrames } from '../../../src/line/camera/readers.js';
import { readVideo } from '../../../src/line/camera/video.js';
import { NetworkCamera, type SentPacket } from '../../fixtures/network-camera.js';
import { make, realFfmpegs } from './ffmpegs.js';

const ffmpegs = await realFfmpegs();
const folder = mkdtempSync(join(tmpdir(), 'kdad-damage-'));
afterAll(() => rmSync(folder, { recursive: true }));

/** Three seconds, a key frame each. */
const FRAMES = 75;
const moving = ['-f', 'lavfi', '-i', `testsrc2=s=320x240:r=25:d=${FRAMES / 25}`, '-pix_fmt', 'yuv420p'];
const h264 = ['-c:v', 'libx264', '-bf', '0', '-x264-params', 'keyint=25:scenecut=0:aud=1'];
const file = (name: string) => join(folder, name);
make(ffmpegs[0], ...moving, ...h264, file('stream.h264'));
for (const name of ['whole.mkv', 'whole.ts']) make(ffmpegs[0], '-i', file('stream.h264'), '-c', 'copy', file(name));
make(ffmpegs[0], '-i', file('stream.h264'), '-c', 'copy', '-movflags', '+faststart', file('whole.mp4'));
make(ffmpegs[0], '-itsoffset', '7', '-i', file('stream.h264'), '-c', 'copy', file('late.mkv'));
make(ffmpegs[0], ...moving, '-c:v', 'mjpeg', '-q:v', '4', file('whole.avi'));
const hevc = ['-c:v', 'libx265', '-x265-params', 'keyint=25:bframes=0:scenecut=0:aud=1:log-level=none'];
make(ffmpegs[0], ...moving, ...hevc, file('stream.hevc'));

async function read(name: string, ffmpeg: Ffmpeg) {
  const frames: { sequence: number; pixels: Uint8Array }[] = [];
  let error: KdadError | undefined;
  try {
    for await (const frame of readVideo(file(name), { ffmpeg, size: [48, 64] })) frames.push(frame);
  } catch (thrown) {
    error = thrown as KdadError;
  }
  return { frames, error };
}

/** A copy of a video in which something happened to the bytes. */
function damaged(name: string, change: (bytes: Buffer) => Buffer): string {
  writeFileSync(file(`damaged-${name}`), change(readFileSync(file(name))));
  return `damaged-${name}`;
}

/** Other bytes for a while, in the middle. */
const wiped = (bytes: Buffer) => {
  const middle = Math.floor(bytes.length / 2);
  return bytes.map((byte, at) => (at >= middle && at < middle + 300 ? (at * 7919) >> 3 : byte)) as Buffer;
};
const cut = (bytes: Buffer) => bytes.subarray(0, Math.floor(bytes.length * 0.6));

describe.each(ffmpegs)('a recorded video, read by $path', (ffmpeg) => {
  it.each(['whole.mkv', 'late.mkv', 'whole.mp4', 'whole.ts', 'whole.avi'])('%s is read to its end', async (name) => {
    const { frames, error } = await read(name, ffmpeg);
    expect(error).toBeUndefined();
    expect(frames.length).toBe(FRAMES);
  });

  it.each(['whole.mp4', 'whole.ts', 'whole.avi'])(
    '%s that is damaged gives the frames that are not, and says so',
    async (name) => {
      const whole = (await read(name, ffmpeg)).frames;
      const { frames, error } = await read(damaged(name, wiped), ffmpeg);
      expect(error).toMatchObject({ code: 'VIDEO_DAMAGED', exitCode: 3 });
      expect(error?.message).toMatch(/^\S+damaged-whole\.\w+: the video is damaged; .*ffmpeg says: /);
      expect(frames.length).toBeGreaterThan(FRAMES / 3);
      expect(frames.length).toBeLessThan(FRAMES);
      const same = frames.map(({ pixels }) => whole.some((one) => Buffer.compare(one.pixels, pixels) === 0));
      expect(same.every(Boolean)).toBe(true);
    },
  );

  it.each(['whole.mkv', 'late.mkv', 'whole.mp4'])('%s of which the end is missing says so', async (name) => {
    const { frames, error } = await read(damaged(name, cut), ffmpeg);
    expect(frames.length).toBeGreaterThan(FRAMES / 3);
    expect(error).toMatchObject({ code: 'VIDEO_DAMAGED' });
    expect(error?.message).toMatch(/the video ends before its time: /);
  });
});

const refreshing = ['-c:v', 'libx264', '-x264-params', 'intra-refresh=1:keyint=25:bframes=0:scenecut=0:aud=1'];
const longer = ['-f', 'lavfi', '-i', 'testsrc2=s=320x240:r=25:d=6', '-pix_fmt', 'yuv420p'];
make(ffmpegs[0], ...longer, ...refreshing, file('refreshing.h264'));

let camera: NetworkCamera | undefined;
afterEach(() => camera?.stop());

describe.each(['h264', 'hevc'] as const)('an RTSP camera that loses packets of %s', (codec) => {
  const [ffmpeg] = ffmpegs;
  const size = [48, 64] as const;
  const watch = async (loses: (packet: SentPacket) => boolean, count: number, damagePatience?: number) => {
    camera = new NetworkCamera(file(`stream.${codec}`), { codec, fps: 50, loses });
    const reasons: DamageReason[] = [];
    let leftOut = 0;
    const damage = { onDamage: (reason: DamageReason) => reasons.push(reason), onDamagedFrame: () => leftOut++ };
    const patience = { firstFrame: 30_000, nextFrame: 30_000 };
    const frames: Uint8Array[] = [];
    const options = { ffmpeg, size, patience, damage, damagePatience };
    for await (const frame of readFrames({ kind: 'rtsp', url: await camera.start() }, options, new Readers()))
      if (frames.push(frame) === count) break;
    return { frames, reasons, leftOut };
  };

  it('shows none of the frames that need them', async () => {
    const whole: Uint8Array[] = [];
    for await (const frame of decode(
      { kind: 'file', path: file(`stream.${codec}`), realtime: false },
      { ffmpeg, size },
    ))
      whole.push(frame);
    // In the second second: a part of a picture, then a whole one.
    const loses = ({ picture, endsUnit, isSlice }: SentPacket) =>
      (picture === 30 && isSlice && endsUnit) || picture === 40;
    const { frames, reasons, leftOut } = await watch(loses, FRAMES);
    const seen = frames.map((frame) => whole.findIndex((one) => Buffer.compare(one, frame) === 0));
    expect(seen.slice(0, 29)).toEqual(Array.from({ length: 29 }, (_, index) => index));
    expect(seen.slice(30)).toEqual(Array.from({ length: FRAMES - 30 }, (_, index) => (50 + index) % FRAMES));
    expect(new Set(reasons)).toEqual(new Set(['packets']));
    expect(leftOut).toBeGreaterThanOrEqual(18);
  });

  it('is given up when nothing whole comes for too long', async () => {
    const loses = ({ picture, endsPicture }: SentPacket) => picture >= 30 && endsPicture;
    await expect(watch(loses, 1000, 1500)).rejects.toMatchObject({
      code: 'FFMPEG_FAILED',
      message: expect.stringContaining('sent nothing but damaged frames for 1.5 s'),
    });
  });
});

it.each(ffmpegs)(
  'a camera that refreshes a part of each picture is whole again without a key frame, decoded by $path',
  async (ffmpeg) => {
    const size = [48, 64] as const;
    const whole: Uint8Array[] = [];
    for await (const frame of decode(
      { kind: 'file', path: file('refreshing.h264'), realtime: false },
      { ffmpeg, size },
    ))
      whole.push(frame);
    const lost = 58;
    camera = new NetworkCamera(file('refreshing.h264'), {
      codec: 'h264',
      fps: 40,
      loses: ({ picture }) => picture === lost,
    });
    let leftOut = 0;
    const damage = { onDamage: () => {}, onDamagedFrame: () => leftOut++ };
    const source = { kind: 'rtsp', url: await camera.start() } as const;
    // From the point of recovery on, x264 has 18 pictures bring a part each. The only key picture is the first one,
    // which comes again after the last.
    const [begins, recovered] = [75, 75 + 18];
    const seen: number[] = [];
    for await (const frame of readFrames(source, { ffmpeg, size, damage }, new Readers())) {
      const index = whole.findIndex((one) => Buffer.compare(one, frame) === 0);
      if (index < (seen.at(-1) ?? 0)) break;
      if (seen.push(index) && seen.filter((one) => one >= recovered).length === 12) break;
    }
    expect(seen.filter((index) => index < lost).length).toBeGreaterThan(0);
    expect(seen.filter((index) => index >= lost && index < recovered)).toEqual([]);
    expect(seen.filter((index) => index >= recovered)).toHaveLength(12);
    // A decoder may put out none that it knows not to be whole yet.
    expect(leftOut).toBeGreaterThanOrEqual(begins - lost - 1);
  },
);
