import { describe, expect, it } from 'vitest';
import { DecoderLog } from '../../../../src/line/camera/ffmpeg/decoder-log.js';
import { FrameMarks } from '../../../../src/line/camera/ffmpeg/frame-marks.js';

function read(lines: readonly string[], live = true) {
  const frames: string[] = [];
  const damage: string[] = [];
  const log = new DecoderLog({
    live,
    ahead: false,
    onFrame: ({ damaged, passes }) => frames.push(`${damaged ? 'x' : '.'}${passes ? '' : '-'}`),
    onDamage: (line) => damage.push(line),
  });
  // However the pipe cuts it.
  for (const piece of lines.join('\n').match(/.{1,7}|\n/gs) ?? []) log.push(piece);
  log.end();
  return { log, frames: frames.join(''), damage };
}

/** A frame as the filter marks it. */
const frame = (number: number, { key = false, passes = true } = {}) => [
  `[warning] -${1 + 8 * number + (passes ? 2 : 0) + (key ? 1 : 0)}.000000`,
  `[warning] ${(number / 25).toFixed(6)}`,
];

describe("ffmpeg's log", () => {
  it('tells which frames are damaged, and keeps what users need', () => {
    const { log, frames, damage } = read([
      "[info] Input #0, matroska,webm, from 'a.mkv':",
      '[info]   Duration: 00:01:02.50, start: 0.000000, bitrate: 307 kb/s',
      '[info]   Stream #0:0: Video: h264 (High), yuv420p, 320x240, 25 fps',
      ...frame(0, { key: true }),
      ...frame(1, { passes: false }),
      '[h264 @ 0x55c] [info] concealing 187 DC, 187 AC, 187 MV errors in P frame',
      ...frame(2),
      ...frame(3),
      ...frame(4, { key: true }),
    ]);
    expect(frames).toBe('..-xx.');
    expect(damage).toEqual(['concealing 187 DC, 187 AC, 187 MV errors in P frame']);
    expect(log.tail.lines).toEqual([]);
    expect(log.length).toEqual({ told: 62.5, decoded: 0.2, longestFrame: expect.closeTo(0.04) });
  });

  it('is read without levels, too', () => {
    const { log, damage } = read(['RTP: missed 3 packets', 'Could not find codec parameters']);
    expect(damage).toEqual(['RTP: missed 3 packets']);
    expect(log.tail.lines).toHaveLength(2);
  });

  it('says of a live source before its first frame what it did not see, and of a file what is wrong', () => {
    const lines = ['[h264 @ 0x1] [error] non-existing PPS 0 referenced', ...frame(0, { key: true })];
    expect(read(lines).damage).toEqual([]);
    expect(read(lines, false).damage).toEqual(['non-existing PPS 0 referenced']);
  });

  it('may say the same of every frame of a camera that is well', () => {
    const lines = Array.from({ length: 100 }, (_, number) => [
      `[mjpeg @ 0x1] [error] something of length ${number} is not known`,
      ...frame(number, { key: true }),
    ]).flat();
    const { frames } = read([...lines, '[mjpeg @ 0x1] [error] overread 8', ...frame(100, { key: true })]);
    expect(frames.slice(0, 20)).toContain('x');
    expect(frames.slice(50)).toBe(`${'.'.repeat(50)}x`);
  });

  it.each([
    ['matroska,webm', 13, 6],
    ['avi', 13, 13],
    ['nut', 8, 1],
  ])('tells how long a video of %s is whose times begin late', (format, told, length) => {
    const lines = [
      `[info] Input #0, ${format}, from 'a':`,
      `[info]   Duration: 00:00:${told}.00, start: 7.000000, bitrate`,
    ];
    expect(read(lines).log.length.told).toBe(length);
  });

  it('does not tell how long a video is whose sound may be longer', () => {
    const lines = ['[info]   Duration: 00:00:04.00, start: 0', '[info]   Stream #0:1(eng): Audio: aac'];
    expect(read(lines).log.length.told).toBeUndefined();
  });
});

describe('marks of frames', () => {
  it('come with their frames, whichever comes first', async () => {
    const marks = new FrameMarks();
    marks.push(true);
    expect(await marks.next()).toBe(true);
    const later = marks.next();
    marks.push(true);
    expect(await later).toBe(true);
  });

  it('are not waited for where none ever comes, nor behind the end', async () => {
    const marks = new FrameMarks();
    expect(await marks.next()).toBe(false);
    const began = performance.now();
    expect(await marks.next()).toBe(false);
    expect(performance.now() - began).toBeLessThan(1000);
    const ended = new FrameMarks();
    const waiting = ended.next();
    ended.end();
    expect(await waiting).toBe(false);
  });
});
