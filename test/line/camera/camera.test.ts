import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest';
import { Camera, type CameraOptions, type CameraState } from '../../../src/line/camera/camera.js';
import type { Frame } from '../../../src/line/camera/frame.js';
import type { CameraSettings } from '../../../src/line/camera/settings.js';
import { hasRtspServer, type RtspServer, rtspServer } from '../../fixtures/rtsp.js';
import { descendants, make, misbehaving, realFfmpegs } from './ffmpegs.js';

const ffmpegs = await realFfmpegs();
const folder = mkdtempSync(join(tmpdir(), 'kdad-camera-'));
const video = join(folder, 'video.mp4');
make(ffmpegs[0], '-f', 'lavfi', '-i', 'testsrc=s=64x48:r=25:d=1', video);
afterAll(() => rmSync(folder, { recursive: true }));

const running: Camera[] = [];
afterEach(async () => {
  await Promise.all(running.splice(0).map((camera) => camera.stop()));
});

/** A camera that has been started, with all that it told. */
function watch(settings: Omit<CameraSettings, 'name'>, options: Partial<CameraOptions> = {}) {
  const told = {
    frames: [] as Frame[],
    unsettled: [] as Frame[],
    states: [] as CameraState[],
    reasons: [] as (string | undefined)[],
    reconnects: 0,
    warnings: [] as string[],
  };
  const listener: CameraOptions['listener'] = {
    onFrame: (frame) => told.frames.push(frame),
    onUnsettled: (frame) => told.unsettled.push(frame),
    onState: (state, reason) => {
      told.states.push(state);
      if (state === 'lost') told.reasons.push(reason);
    },
    onReconnect: () => told.reconnects++,
    onWarning: (message) => told.warnings.push(message),
  };
  const defaults = { ffmpeg: ffmpegs[0], size: [16, 24] as const, backoff: [50], killGrace: 300 };
  const camera = new Camera({ name: 'line', settle: 0, ...settings }, { ...defaults, listener, ...options });
  running.push(camera);
  camera.start();
  const until = (what: (seen: typeof told) => boolean, timeout = 240_000) =>
    vi.waitFor(() => expect(what(told)).toBe(true), { timeout, interval: 10 });
  return { camera, told, until };
}

describe('a file', () => {
  it('is played at its own speed, and ends', async () => {
    const began = performance.now();
    const { told, until } = watch({ source: { kind: 'file', path: video } });
    await until(({ states }) => states.includes('ended'));
    expect(performance.now() - began).toBeGreaterThan(900);
    expect(told.states).toEqual(['connecting', 'live', 'ended']);
    expect(told.frames.map(({ sequence }) => sequence)).toEqual(Array.from({ length: 25 }, (_, index) => index));
    expect(told.frames[0]).toMatchObject({ camera: 'line', width: 24, height: 16 });
    expect(told.frames[0].pixels.length).toBe(16 * 24 * 3);
  });

  it.each(ffmpegs)('goes round and round by $path', async (ffmpeg) => {
    const { told, camera, until } = watch(
      { source: { kind: 'file', path: video, loop: true, realtime: false } },
      { ffmpeg },
    );
    await until(({ frames }) => frames.length > 100);
    expect(told.states).toEqual(['connecting', 'live']);
    await camera.stop();
    const { length } = told.frames;
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(told.frames.length).toBe(length);
    expect(descendants()).toEqual([]);
  });

  it('that comes later is found then', async () => {
    const path = join(folder, 'later.mp4');
    const { told, until } = watch({ source: { kind: 'file', path, realtime: false } });
    await until(({ reconnects }) => reconnects === 2);
    make(ffmpegs[0], '-i', video, '-c', 'copy', path);
    await until(({ states }) => states.includes('ended'));
    expect(told.reasons[0]).toMatch(/^ffmpeg exited with 1.*No such file/s);
  });
});

describe('a folder of pictures', () => {
  const pictures = join(folder, 'pictures');
  mkdirSync(pictures);
  const write = (name: string, width: number, grey: number) =>
    sharp({ create: { width, height: 30, channels: 3, background: { r: grey, g: grey, b: grey } } }).toFile(
      join(pictures, name),
    );

  it.each([
    ['another shape', 2, [expect.stringMatching(/another shape .*\(1\.33 : 1, not 2\.00 : 1\)/)]],
    ['that shape', 4 / 3, []],
  ])('tells once of pictures of %s than the model learned', async (_, aspect, warnings) => {
    const { told, until } = watch({ source: { kind: 'file', path: video, loop: true, realtime: false } }, { aspect });
    await until(({ frames }) => frames.length > 60);
    expect(told.warnings).toEqual(warnings);
  });

  it('passes over pictures that nobody can have taken, and plays the rest', async () => {
    const path = join(folder, 'hostile');
    mkdirSync(path);
    // A bitmap of one bit a pixel, 33,000,000 x 3, in 12 MB.
    const strip = Buffer.alloc(62 + 3 * 4_125_000);
    strip.write('BM');
    for (const [offset, value] of [
      [10, 62],
      [14, 40],
      [18, 33_000_000],
      [22, 3],
      [46, 2],
    ]) {
      strip.writeUInt32LE(value, offset);
    }
    strip.writeUInt16LE(1, 28);
    writeFileSync(join(path, '1-strip.bmp'), strip);
    writeFileSync(join(path, '2-drawing.png'), '<svg xmlns="http://www.w3.org/2000/svg" width="9000" height="9000"/>');
    await write('../hostile/3-part.png', 20, 40);
    const { told, until } = watch({ source: { kind: 'folder', path } });
    await until(({ states }) => states.includes('ended'));
    expect(told.frames).toHaveLength(1);
    expect(told.warnings).toEqual([
      expect.stringContaining('1-strip.bmp: too large: 33000000x3 pixels; a side of more than 32768 pixels'),
      expect.stringContaining('2-drawing.png: an SVG drawing; expected PNG'),
    ]);
  });

  it('is played in the order of names, whatever the sizes and formats, and what cannot be read is passed over', async () => {
    await Promise.all([write('c.webp', 50, 30), write('a.png', 20, 10), write('b.tiff', 90, 20)]);
    writeFileSync(join(pictures, 'broken.jpg'), 'not a picture');
    const { told, until } = watch({ source: { kind: 'folder', path: pictures }, fps: 20 });
    await until(({ states }) => states.includes('ended'));
    expect(told.frames.map(({ pixels }) => Math.round(pixels[0] / 10))).toEqual([1, 2, 3]);
    expect(told.frames[2].time - told.frames[0].time).toBeGreaterThanOrEqual(50);
    expect(told.warnings.length).toBe(1);
    expect(told.warnings[0]).toContain('broken.jpg');
  });

  it('stops at once, though the next picture is due in a minute', async () => {
    const { camera, told, until } = watch({ source: { kind: 'folder', path: pictures, loop: true }, fps: 1 / 60 });
    await until(({ frames }) => frames.length === 1);
    await camera.stop();
    expect(told.states).toEqual(['connecting', 'live']);
  });

  it('that is not there is lost, and looked for again', async () => {
    const path = join(folder, 'none');
    const { told, until } = watch({ source: { kind: 'folder', path } });
    await until(({ reconnects }) => reconnects === 2);
    expect(told.reasons[0]).toContain(path);
  });
});

describe('a live source', () => {
  const source = { kind: 'v4l2', device: '/dev/video0' } as const;

  it('that ends without an error is lost, and tried again', async () => {
    const { told, until } = watch({ source }, { ffmpeg: misbehaving('exits-0') });
    await until(({ frames }) => frames.length === 9);
    expect(told.states.slice(0, 6)).toEqual(['connecting', 'live', 'lost', 'connecting', 'live', 'lost']);
    expect(told.reasons[0]).toBe('the source ended');
    expect(told.frames.map(({ sequence }) => sequence)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8]);
  });

  it('that stalls is lost, and tried again, one process at a time', async () => {
    const { camera, told, until } = watch({ source, stallTimeout: 200 }, { ffmpeg: misbehaving('stalls') });
    await until(({ reconnects, frames }) => reconnects === 2 && frames.length === 6);
    expect(told.reasons).toEqual(Array(2).fill('ffmpeg sent no frame for 0.2 s'));
    expect(descendants().filter((command) => command.includes('ffmpeg-stalls')).length).toBe(1);
    await camera.stop();
    expect(descendants()).toEqual([]);
  });

  it('is not judged right after each connection, while a file is from its first frame on', async () => {
    const bursts = misbehaving('exits-0');
    const { told, until } = watch({ source, settle: 10_000 }, { ffmpeg: bursts });
    await until(({ reconnects }) => reconnects >= 2);
    expect(told.frames).toEqual([]);
    expect(told.unsettled.length).toBeGreaterThanOrEqual(2);
    const file = watch({ source: { kind: 'file', path: video, realtime: false }, settle: 10_000 });
    await file.until(({ states }) => states.includes('ended'));
    expect(file.told.frames).toHaveLength(25);
  });

  it('is tried at growing intervals while it gives nothing', async () => {
    const ended: number[] = [];
    const listener = {
      onFrame: () => {},
      onState: (state: CameraState) => state === 'lost' && ended.push(performance.now()),
    };
    const { until } = watch({ source }, { ffmpeg: misbehaving('that-is-missing'), listener, backoff: [50, 200, 400] });
    await until(() => ended.length === 5);
    const waits = ended.slice(1).map((time, index) => time - ended[index]);
    for (const [index, least] of [50, 200, 400, 400].entries()) expect(waits[index]).toBeGreaterThan(least - 5);
  });

  it('that held longer than the wait before it is tried again as quickly as at first', async () => {
    const options = { ffmpeg: misbehaving('stalls'), backoff: [50, 60_000] };
    const { until } = watch({ source, stallTimeout: 200 }, options);
    await until(({ reconnects }) => reconnects === 3);
  });

  it('can be stopped while it waits, and started again', async () => {
    const { camera, until } = watch({ source }, { ffmpeg: misbehaving('exits-0'), backoff: [60_000] });
    await until(({ states }) => states.includes('lost'));
    await camera.stop();
    camera.start();
    await until(({ frames }) => frames.length === 6);
  });

  it('whose ffmpeg ignores SIGTERM is stopped all the same', async () => {
    const { camera, until } = watch({ source }, { ffmpeg: misbehaving('ignores-sigterm') });
    await until(({ frames }) => frames.length > 2);
    await camera.stop();
    expect(descendants()).toEqual([]);
  });
});

describe.each(ffmpegs)('an MJPEG camera, read by $path', (ffmpeg) => {
  let server: Server;
  afterEach(() => server.close());

  it('is asked with its password, gives every frame, and is found again when it is back', async () => {
    const jpeg = await sharp({ create: { width: 64, height: 48, channels: 3, background: '#c08040' } })
      .jpeg()
      .toBuffer();
    const answers = new Set<ServerResponse>();
    server = createServer((request, response) => {
      if (request.headers.authorization !== `Basic ${btoa('admin:secret')}`) {
        response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="camera"' }).end();
        return;
      }
      response.writeHead(200, { 'Content-Type': 'multipart/x-mixed-replace; boundary=frame' });
      answers.add(response);
      const part = `--frame\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`;
      const sender = setInterval(
        () => response.write(Buffer.concat([Buffer.from(part), jpeg, Buffer.from('\r\n')])),
        40,
      );
      response.on('close', () => clearInterval(sender));
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://admin:secret@127.0.0.1:${(server.address() as AddressInfo).port}/video`;
    const { told, until, camera } = watch({ source: { kind: 'mjpeg', url } }, { ffmpeg });
    await until(({ frames }) => frames.length > 10);
    expect([...told.frames[0].pixels.subarray(0, 3)].map((value) => Math.round(value / 16))).toEqual([12, 8, 4]);
    expect(descendants().join()).not.toContain('secret');
    for (const answer of answers) answer.destroy();
    const { length } = told.frames;
    await until(({ frames, reconnects }) => reconnects > 0 && frames.length > length + 10);
    await camera.stop();
  });
});

describe.each(ffmpegs)('a camera that gives one JPEG for each request, read by $path', (ffmpeg) => {
  it('is live and stays so, and is seen as often as wanted', async () => {
    const jpeg = await sharp({ create: { width: 64, height: 48, channels: 3, background: '#c08040' } })
      .jpeg()
      .toBuffer();
    let requests = 0;
    const server = createServer((_, response) => {
      requests++;
      response.writeHead(200, { 'Content-Type': 'image/jpeg', Connection: 'close' }).end(jpeg);
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/snapshot.jpg`;
    const { told, until, camera } = watch(
      { source: { kind: 'mjpeg', url }, fps: 5, firstFrameTimeout: 10_000 },
      { ffmpeg },
    );
    await until(({ frames }) => frames.length >= 10);
    await camera.stop();
    server.close();
    expect(told.states).toEqual(['connecting', 'live']);
    // Each picture is seen as soon as it has come.
    expect(requests - told.frames.length).toBeLessThanOrEqual(3);
  });
});

describe('an RTSP camera that lets everybody in and sends nothing', () => {
  const description = ['v=0', 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=control:video', ''].join('\r\n');
  const readers: string[] = [];
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    socket.on('data', (chunk) => {
      for (const request of String(chunk).split('\r\n\r\n').slice(0, -1)) {
        const header = (name: string) => new RegExp(`${name}: (.*)`).exec(request)?.[1];
        const [method] = request.split(' ', 1);
        if (method === 'DESCRIBE') readers.push(header('User-Agent') ?? '');
        const body = method === 'DESCRIBE' ? description : '';
        const answer = [`RTSP/1.0 200 OK`, `CSeq: ${header('CSeq')}`, 'Session: 7', `Content-Length: ${body.length}`];
        if (method === 'SETUP') answer.push('Transport: RTP/AVP/TCP;unicast;interleaved=0-1');
        socket.write(`${answer.join('\r\n')}\r\n\r\n${body}`);
      }
    });
  });
  afterAll(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });

  it('is tried by ourselves, then by ffmpeg, in one attempt', async () => {
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const url = `rtsp://127.0.0.1:${(server.address() as AddressInfo).port}/`;
    const { told, until } = watch({ source: { kind: 'rtsp', url }, firstFrameTimeout: 500 });
    await until(({ reconnects }) => reconnects >= 2 && readers.length >= 4);
    const [own, ffmpeg] = ['kdad-edge', expect.stringContaining('Lavf')];
    expect(readers.slice(0, 4)).toEqual([own, ffmpeg, own, ffmpeg]);
    expect(told.reasons[0]).toMatch(/^no frame for 0\.5 s: the camera lets us in, and sends nothing\n/);
    expect(told.reasons[0]).toMatch(/\n {2}ffmpeg, tried then, /);
  });
});

describe.skipIf(!hasRtspServer).each(ffmpegs)('an RTSP camera, read by $path', (ffmpeg) => {
  let server: RtspServer | undefined;
  afterEach(() => server?.kill());

  async function serve(port = 0): Promise<string> {
    server = await rtspServer(port, ['admin', 'secret']);
    return server.url;
  }

  const ffmpegProcesses = () => descendants().filter((command) => command.startsWith(ffmpeg.path));

  it('gives frames again when it is back, and leaves no process and no password', async () => {
    const url = await serve();
    const withPassword = url.replace('//', '//admin:secret@');
    const { told, until, camera } = watch({ source: { kind: 'rtsp', url: withPassword }, fps: 10 }, { ffmpeg });
    await until(({ frames }) => frames.length > 10);
    expect(ffmpegProcesses().length).toBe(1);
    expect(ffmpegProcesses().join()).not.toMatch(/secret|rtsp:/);

    server!.kill();
    await until(({ reconnects }) => reconnects >= 2);
    expect(told.reasons.join()).not.toContain('secret');
    const { length } = told.frames;
    await serve(Number(new URL(url.replace('rtsp', 'http')).port));
    await until(({ frames }) => frames.length > length + 10);
    expect(ffmpegProcesses().length).toBe(1);
    await camera.stop();
    expect(ffmpegProcesses()).toEqual([]);
  });

  it.each(['h265', 'jpeg'] as const)('gives frames of %s, too', async (codec) => {
    server = await rtspServer(0, ['admin', 'secret'], codec);
    const { until } = watch({ source: { kind: 'rtsp', url: server.url.replace('//', '//admin:secret@') } }, { ffmpeg });
    await until(({ frames }) => frames.length > 10);
  });

  it('gives frames over UDP where it is told to', async () => {
    const url = (await serve()).replace('//', '//admin:secret@');
    const { until } = watch({ source: { kind: 'rtsp', url, transport: 'udp' } }, { ffmpeg });
    await until(({ frames }) => frames.length > 10);
  });

  it('says that the password is wrong, without saying the password', async () => {
    const url = await serve();
    const { told, until } = watch({ source: { kind: 'rtsp', url: url.replace('//', '//admin:guess@') } }, { ffmpeg });
    await until(({ reconnects }) => reconnects > 0);
    expect(told.reasons[0]).toContain('401');
    expect(told.reasons[0]).not.toContain('guess');
  });
});
