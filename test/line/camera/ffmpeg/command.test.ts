import { describe, expect, it } from 'vitest';
import {
  type CommandOptions,
  decodeCommand,
  isEndless,
  type StreamSource,
} from '../../../../src/line/camera/ffmpeg/command.js';

const modern: CommandOptions = { size: [192, 256], version: { major: 5, minor: 1 } };
const old: CommandOptions = { ...modern, version: { major: 4, minor: 1 } };

const network =
  '-thread_type slice -use_wallclock_as_timestamps 1 -fflags discardcorrupt -fpsprobesize 0 -max_ts_probe 0 ' +
  '-protocol_whitelist pipe,rtsp,rtp,udp,tcp,http,https,tls,crypto -f concat -safe 0 -i pipe:0';
const probing = 'option fpsprobesize 0\noption max_ts_probe 0\n';
const scale = 'scale=256:192:flags=bilinear+accurate_rnd+full_chroma_int';

const table: [StreamSource, CommandOptions, string, string?][] = [
  [
    { kind: 'rtsp', url: 'rtsp://admin:secret@camera/stream' },
    modern,
    `-nostdin -hide_banner -loglevel warning ${network} -map 0:v:0 -an -sn -dn -vf ${scale} -fps_mode passthrough -f rawvideo -pix_fmt rgb24 -threads 1 pipe:1`,
    `ffconcat version 1.0\nfile 'rtsp://admin:secret@camera/stream'\n${probing}option rtsp_transport tcp\n`,
  ],
  [
    { kind: 'rtsp', url: 'rtsp://camera/stream', transport: 'udp' },
    modern,
    `-nostdin -hide_banner -loglevel warning ${network} -map 0:v:0 -an -sn -dn -vf ${scale} -fps_mode passthrough -f rawvideo -pix_fmt rgb24 -threads 1 pipe:1`,
    `ffconcat version 1.0\nfile 'rtsp://camera/stream'\n${probing}option rtsp_transport udp\n`,
  ],
  [
    { kind: 'rtsp', url: "rtsp://camera/it's\nfile 'b'?channel=1" },
    old,
    `-nostdin -hide_banner -loglevel warning ${network} -map 0:v:0 -an -sn -dn -vf ${scale} -vsync passthrough -f rawvideo -pix_fmt rgb24 -threads 1 pipe:1`,
    "ffconcat version 1.0\nfile 'rtsp://camera/it%27s%0Afile%20%27b%27?channel=1'\n",
  ],
  [
    { kind: 'mjpeg', url: 'https://camera/video?token=secret' },
    { ...modern, fps: 2.5 },
    `-nostdin -hide_banner -loglevel warning ${network} -map 0:v:0 -an -sn -dn -vf select='if(gte(t,ld(0))+lt(t,ld(0)-1/2.5),st(0,clip(ld(0)+1/2.5,t,t+1/2.5)),0)',${scale} -fps_mode passthrough -f rawvideo -pix_fmt rgb24 -threads 1 pipe:1`,
    `ffconcat version 1.0\nfile 'https://camera/video?token=secret'\n${probing}`,
  ],
  [
    { kind: 'v4l2', device: '/dev/video0' },
    modern,
    `-nostdin -hide_banner -loglevel warning -thread_type slice -f v4l2 -i /dev/video0 -map 0:v:0 -an -sn -dn -vf ${scale} -fps_mode passthrough -f rawvideo -pix_fmt rgb24 -threads 1 pipe:1`,
  ],
  [
    { kind: 'v4l2', device: '/dev/video0', size: [1280, 720], inputFps: 30 },
    old,
    `-nostdin -hide_banner -loglevel warning -thread_type slice -f v4l2 -video_size 1280x720 -framerate 30 -i /dev/video0 -map 0:v:0 -an -sn -dn -vf ${scale} -vsync passthrough -f rawvideo -pix_fmt rgb24 -threads 1 pipe:1`,
  ],
  [
    { kind: 'file', path: 'parts.mp4' },
    modern,
    `-nostdin -hide_banner -loglevel warning -re -i file:parts.mp4 -map 0:v:0 -an -sn -dn -vf ${scale} -fps_mode passthrough -f rawvideo -pix_fmt rgb24 -threads 1 pipe:1`,
  ],
  [
    { kind: 'file', path: '/data/parts.mp4', loop: true, realtime: false },
    modern,
    `-nostdin -hide_banner -loglevel warning -stream_loop -1 -i file:/data/parts.mp4 -map 0:v:0 -an -sn -dn -vf ${scale} -fps_mode passthrough -f rawvideo -pix_fmt rgb24 -threads 1 pipe:1`,
  ],
];

describe('the command line of ffmpeg', () => {
  it('for a camera that we read ourselves', () => {
    const { args, stdin } = decodeCommand(
      { kind: 'rtsp', url: 'rtsp://admin:secret@camera' },
      { ...modern, fed: 'hevc' },
    );
    expect(args.join(' ')).toBe(
      '-nostdin -hide_banner -loglevel warning -thread_type slice -use_wallclock_as_timestamps 1 -fpsprobesize 0 -max_ts_probe 0 -f hevc -i pipe:0 ' +
        `-map 0:v:0 -an -sn -dn -vf ${scale} -fps_mode passthrough -f rawvideo -pix_fmt rgb24 -threads 1 pipe:1`,
    );
    expect(stdin).toBeUndefined();
  });

  it.each(table)('for %j', (source, options, args, stdin) => {
    const command = decodeCommand(source, options);
    expect(command.args.join(' ')).toBe(args);
    expect(command.stdin).toBe(stdin);
  });

  it.each([
    ['one thread', undefined, '-threads 1'],
    ['one thread', 'h264', '-threads 1'],
    ['threads that share slices', 'hevc', '-thread_type slice'],
  ] as const)('has each frame told of, and decodes with %s (fed %s)', (_, fed, threads) => {
    const watched = { ...modern, fed, fps: 5, watched: true };
    const line = decodeCommand({ kind: 'rtsp', url: 'rtsp://camera' }, watched).args.join(' ');
    expect(line).toContain(`-nostdin -hide_banner -nostats -loglevel level+info ${threads} `);
    const cap = 'if(gte(t,ld(0))+lt(t,ld(0)-1/5),st(0,clip(ld(0)+1/5,t,t+1/5)),0)';
    const mark = 'print(-1-8*n-4*eq(pict_type,PICT_TYPE_B)-2*gt(ld(1),0)-key,24);print(max(t,0),24);ld(1)';
    expect(line).toContain(`-vf select='st(1,${cap});${mark}',scale=`);
  });

  it('cannot be broken out of by an address', () => {
    const url = "http://a:b\nfile '/etc/passwd'\\@camera";
    expect(decodeCommand({ kind: 'mjpeg', url }, modern).stdin).toBe(
      `ffconcat version 1.0\nfile 'http://a:b%0Afile%20%27%2Fetc%2Fpasswd%27%5C@camera'\n${probing}`,
    );
  });

  it('hands over a login with characters that would end it, encoded', () => {
    const { stdin } = decodeCommand({ kind: 'rtsp', url: 'rtsp://admin:p#s/s?@10.0.0.5/s' }, modern);
    expect(stdin).toContain("file 'rtsp://admin:p%23s%2Fs%3F@10.0.0.5/s'\n");
  });

  it('never holds the address of a network camera', () => {
    for (const [source] of table) {
      if ('url' in source) expect(decodeCommand(source, modern).args.join(' ')).not.toContain('camera');
    }
  });
});

it('cameras, and what loops, have no end', () => {
  expect(isEndless({ kind: 'rtsp', url: 'rtsp://camera' })).toBe(true);
  expect(isEndless({ kind: 'v4l2', device: '/dev/video0' })).toBe(true);
  expect(isEndless({ kind: 'file', path: 'a.mp4', loop: true })).toBe(true);
  expect(isEndless({ kind: 'file', path: 'a.mp4' })).toBe(false);
  expect(isEndless({ kind: 'folder', path: 'a', loop: false })).toBe(false);
});
