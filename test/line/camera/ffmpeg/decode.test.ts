import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, describe, expect, it } from 'vitest';
import { type DecodeOptions, decode } from '../../../../src/line/camera/ffmpeg/decode.js';
import { readVideo, type VideoOptions } from '../../../../src/line/camera/video.js';
import { decodeImage } from '../../../../src/method/images/image.js';
import { descendants, make, misbehaving, realFfmpegs } from '../ffmpegs.js';

const ffmpegs = await realFfmpegs();
const folder = mkdtempSync(join(tmpdir(), 'kdad-decode-'));
const video = join(folder, '-odd name:1.mp4');
// 50 frames in 2 s; the picture is as bright as its number times 5.
make(ffmpegs[0], '-f', 'lavfi', '-i', 'color=black:s=64x48:r=25:d=2,geq=N*5:128:128', '-q:v', '2', `file:${video}`);
afterAll(() => rmSync(folder, { recursive: true }));

async function collect<T>(frames: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const frame of frames) all.push(frame);
  return all;
}

describe.each(ffmpegs)('a video file, read by $path', (ffmpeg) => {
  const options: VideoOptions = { ffmpeg, size: [16, 24] };

  it('gives every frame once, in order', async () => {
    const frames = await collect(readVideo(video, options));
    expect(frames.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 50 }, (_, index) => index));
    expect(frames[0]).toMatchObject({ camera: video, width: 24, height: 16 });
    const brightness = frames.map(({ pixels }) => pixels.reduce((sum, value) => sum + value) / pixels.length);
    for (let index = 10; index < 40; index++) expect(brightness[index]).toBeGreaterThan(brightness[index - 1]);
  });

  it.each([1, 5, 10, 24, 25, 60])('with at most %i frames of each second, gives that many', async (fps) => {
    const frames = await collect(readVideo(video, { ...options, fps }));
    expect(frames.length).toBeGreaterThanOrEqual(Math.min(50, 2 * fps) - 1);
    expect(frames.length).toBeLessThanOrEqual(Math.min(50, 2 * fps));
  });

  it('leaves no process when the reader has had enough, or is interrupted', async () => {
    for await (const frame of readVideo(video, options)) if (frame.sequence === 3) break;
    expect(descendants()).toEqual([]);
    const interruption = new AbortController();
    const reading = (async () => {
      for await (const frame of readVideo(video, { ...options, signal: interruption.signal })) {
        if (frame.sequence === 3) interruption.abort(new Error('interrupted'));
      }
    })();
    await expect(reading).rejects.toThrow('interrupted');
    expect(descendants()).toEqual([]);
  });

  it('says which file is no video, and why', async () => {
    const text = join(folder, 'notes.mp4');
    writeFileSync(text, 'not a video');
    const failed = expect.objectContaining({ code: 'FFMPEG_FAILED' });
    await expect(collect(readVideo(text, options))).rejects.toEqual(failed);
    await expect(collect(readVideo(text, options))).rejects.toThrow(/notes.mp4: not a video.*Invalid data/s);
    await expect(collect(readVideo(join(folder, 'none.mp4'), options))).rejects.toThrow(/none.mp4.*No such file/s);
  });

  it('resizes as training does: on average less than half a grey level apart', async () => {
    const picture = join(folder, 'photo.png');
    await photograph(picture);
    const size = [256, 256] as const;
    const expected = await decodeImage(picture, { size });
    const [decoded] = await collect(decode({ kind: 'file', path: picture, realtime: false }, { ffmpeg, size }));
    const differences = decoded.map((value, index) => Math.abs(value - expected[index]));
    expect(differences.reduce((sum, value) => sum + value) / differences.length).toBeLessThan(0.5);
    expect(differences.reduce((largest, value) => Math.max(largest, value))).toBeLessThanOrEqual(4);
  });
});

/** Smooth shapes, hard edges and fine texture, 900 x 700. */
async function photograph(path: string): Promise<void> {
  const [width, height] = [900, 700];
  const pixels = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const distance = Math.hypot(x - 450, y - 350);
      const texture = 20 * Math.sin(x * 1.3 + y * 0.7) + 12 * Math.sin(x * y * 0.01);
      const part = distance < 250 ? 60 : 0;
      const at = (y * width + x) * 3;
      pixels[at] = 90 + part + texture + x / 20;
      pixels[at + 1] = 120 - part + texture + y / 20;
      pixels[at + 2] = 60 + part / 2 + texture + distance / 10;
    }
  }
  await sharp(pixels, { raw: { width, height, channels: 3 } })
    .png()
    .toFile(path);
}

describe('an ffmpeg that misbehaves', () => {
  const source = { kind: 'mjpeg', url: "http://admin:it's secret@camera/stream" } as const;
  const options = { size: [16, 24] as const, killGrace: 300 };

  async function outcome(name: string, more: Partial<DecodeOptions> = {}) {
    const frames: Uint8Array[] = [];
    let error: Error | undefined;
    try {
      for await (const frame of decode(source, { ffmpeg: misbehaving(name), ...options, ...more })) frames.push(frame);
    } catch (thrown) {
      error = thrown as Error;
    }
    expect(descendants()).toEqual([]);
    return { frames, error };
  }

  it('stalls: it is ended when it has lost our patience', async () => {
    const { frames, error } = await outcome('stalls', { patience: { firstFrame: 240_000, nextFrame: 1000 } });
    expect(frames.length).toBe(2);
    expect(error?.message).toBe('ffmpeg sent no frame for 1 s');
  });

  it('never sends a frame: the first one has its own limit', async () => {
    const { error } = await outcome('silent', { patience: { firstFrame: 200, nextFrame: 60_000 } });
    expect(error?.message).toBe('ffmpeg sent no frame for 0.2 s');
  });

  it('floods its log: the last 100 lines are kept, without the password', async () => {
    const { frames, error } = await outcome('floods-stderr');
    const lines = error!.message.split('\n');
    expect(frames.length).toBe(1);
    expect(lines[0]).toMatch(/^ffmpeg exited with 1: /);
    expect(lines.length).toBe(101);
    expect(lines.at(-2)).toMatch(/^ {2}20000: cannot read http:\/\/\*\*\*@camera\/\*\*\*$/);
    expect(error?.message).not.toMatch(/admin|secret/);
    expect(error!.message.length).toBeLessThan(101 * 1100);
  });

  it('ignores SIGTERM: it is killed, and gives no frame after the abort', async () => {
    const stopping = new AbortController();
    let frames = 0;
    const reading = (async () => {
      for await (const _ of decode(source, {
        ffmpeg: misbehaving('ignores-sigterm'),
        ...options,
        signal: stopping.signal,
      })) {
        expect(stopping.signal.aborted).toBe(false);
        if (++frames === 3) setTimeout(() => stopping.abort(new Error('stopped')), 50);
      }
    })();
    await expect(reading).rejects.toThrow('stopped');
    expect(frames).toBeGreaterThanOrEqual(3);
    expect(descendants()).toEqual([]);
  });

  it('ends without an error', async () => {
    const { frames, error } = await outcome('exits-0');
    expect(frames.map((frame) => frame.length)).toEqual([1152, 1152, 1152]);
    expect(error).toBeUndefined();
  });

  it('ends inside a frame', async () => {
    const { frames, error } = await outcome('half-a-frame');
    expect(frames.length).toBe(1);
    expect(error?.message).toBe('ffmpeg ended inside a frame: 576 of 1152 bytes');
  });

  it('is not there at all', async () => {
    const { error } = await outcome('that-is-missing');
    expect(error?.message).toMatch(/^ffmpeg cannot be run: .*ENOENT/);
  });
});
