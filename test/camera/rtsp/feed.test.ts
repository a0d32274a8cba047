import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { EncodedPicture } from '../../../src/camera/rtsp/access-units.js';
import { RtspFeed } from '../../../src/camera/rtsp/feed.js';

const description = [
  ...['v=0', 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=control:video'],
  'a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Zw==,aA==',
].join('\r\n');

type Answers = Record<string, (request: string) => string>;

const ok = (...headers: string[]) => ['200 OK', ...headers].join('\r\n');
const usual: Answers = {
  OPTIONS: () => ok('Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER'),
  DESCRIBE: () => `${ok(`Content-Length: ${description.length}`)}\r\n\r\n${description}`,
  SETUP: () => ok('Transport: RTP/AVP/TCP;unicast;interleaved=2-3', 'Session: 7;timeout=1'),
  PLAY: () => ok(),
  GET_PARAMETER: () => ok(),
  TEARDOWN: () => ok(),
};

let server: Server;
let camera: Socket;
const asked: string[] = [];
afterEach(() => {
  asked.length = 0;
  camera?.destroy();
  server.close();
});

/** A camera that answers as it is told. @returns its address */
async function serve(answers: Answers): Promise<string> {
  server = createServer((socket) => {
    camera = socket.on('error', () => {});
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
      for (const request of text.split('\r\n\r\n').slice(0, -1)) {
        const [method] = request.split(' ', 1);
        asked.push(request);
        const answer = answers[method]?.(request);
        const [status, ...rest] = (answer ?? '').split('\r\n');
        const line = `RTSP/1.0 ${status}\r\nCSeq: ${/CSeq: (\d+)/.exec(request)?.[1]}`;
        if (answer) socket.write(`${[line, ...rest].join('\r\n')}${answer.includes('\r\n\r\n') ? '' : '\r\n\r\n'}`);
      }
      text = text.slice(text.lastIndexOf('\r\n\r\n') + 4);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `rtsp://127.0.0.1:${(server.address() as AddressInfo).port}/stream`;
}

const methods = () => asked.map((request) => request.split(' ', 1)[0]);

/** A picture in an interleaved packet. */
function picture(channel: number, number: number): Buffer {
  const packet = Buffer.from([0x24, channel, 0, 14, 0x80, 96 | 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x65, 0x88]);
  packet.writeUInt16BE(number, 6);
  packet.writeUInt32BE(number, 8);
  return packet;
}

const START = [0, 0, 0, 1];
const frame = [...START, 0x65, 0x88, ...START, 9, 0xf0];

describe('reading an RTSP camera', () => {
  it('hands on its video however the packets are cut, keeps the session alive and says farewell', async () => {
    const feed = (await RtspFeed.open(await serve(usual))) as RtspFeed;
    expect(feed.codec).toBe('h264');
    const output = new PassThrough();
    await feed.play(output);
    // The first one of another channel, then one in three pieces; the last one begins, and so ends the one before.
    const sent = Buffer.concat([picture(0, 1), picture(2, 1), picture(2, 2), picture(2, 3)]);
    for (const [from, to] of [
      [0, 17],
      [17, 20],
      [20, 72],
    ]) {
      camera.write(sent.subarray(from, to));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    expect([...output.read()]).toEqual([...START, 0x67, ...START, 0x68, ...frame, ...frame]);
    await vi.waitFor(() => expect(methods()).toContain('GET_PARAMETER'), { timeout: 2000 });
    feed.close();
    await vi.waitFor(() => expect(methods().at(-1)).toBe('TEARDOWN'));
    expect(methods().slice(0, 4)).toEqual(['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY']);
    expect(asked.at(-1)).toMatch(/^Session: 7$/m);
  });

  it('withholds what cannot be decoded as it was sent, and tells of each picture', async () => {
    const feed = (await RtspFeed.open(await serve(usual))) as RtspFeed;
    const output = new PassThrough();
    const withheld: EncodedPicture[] = [];
    await feed.play(output, (one) => withheld.push(one));
    const later = (number: number) => {
      const packet = picture(2, number);
      packet[16] = 0x41;
      return packet;
    };
    // Two pictures, one lost, two that need it, and a key picture.
    camera.write(Buffer.concat([picture(2, 1), later(2), later(4), later(5), picture(2, 6), later(7)]));
    await vi.waitFor(() => expect(withheld.length).toBe(3));
    const last = [...START, 0x41, 0x88, ...START, 9, 0xf0];
    // Of the second one nobody knows whether a part of it is missing.
    expect(withheld.map(({ damage, afterGap }) => [damage, afterGap])).toEqual([
      ['gap', false],
      [undefined, true],
      [undefined, false],
    ]);
    expect([...output.read()]).toEqual([...START, 0x67, ...START, 0x68, ...frame, ...frame, ...last]);
    feed.close();
  });

  it('ends when the camera hangs up', async () => {
    const feed = (await RtspFeed.open(await serve(usual))) as RtspFeed;
    const output = new PassThrough().resume();
    await feed.play(output);
    camera.end();
    await once(output, 'end');
  });

  it('has the camera wait for a decoder that does not keep up', async () => {
    const feed = (await RtspFeed.open(await serve(usual))) as RtspFeed;
    const output = new PassThrough({ highWaterMark: 1 });
    await feed.play(output);
    const pictures = Buffer.concat(Array.from({ length: 1000 }, (_, index) => picture(2, index)));
    for (let times = 0; times < 500; times++) camera.write(pictures);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(camera.writableLength).toBeGreaterThan(0);
    expect(output.writableLength).toBeLessThan(1e6);
    feed.close();
  });

  it.each<[string, Answers]>([
    ['sends over UDP alone', { SETUP: () => '461 Unsupported Transport' }],
    ['is somewhere else', { DESCRIBE: () => '302 Found\r\nLocation: rtsp://127.0.0.1/other' }],
    ['sends another codec', { DESCRIBE: () => `${ok('Content-Length: 25')}\r\n\r\nv=0\r\nm=video 0 RTP/AVP 26` }],
  ])('leaves a camera to ffmpeg that %s', async (_, answers) => {
    expect(await RtspFeed.open(await serve({ ...usual, ...answers }))).toBeUndefined();
  });

  it('says what the camera refuses, without the login', async () => {
    const url = await serve({ ...usual, DESCRIBE: () => '404 Not Found' });
    await expect(RtspFeed.open(url.replace('//', '//admin:secret@'))).rejects.toMatchObject({
      code: 'CAMERA_FAILED',
      message: `${url}: the camera answers 404 Not Found`,
    });
  });

  it.each([
    ['noise', Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) & 255))],
    ['a length that is none', 'RTSP/1.0 200 OK\r\nCSeq: 1\r\nContent-Length: many\r\n\r\nRTSP/1.0 200\r\n\r\n'],
    ['an answer without an end', Buffer.alloc(3e6, 'x')],
    ['nothing', ''],
  ])('gives up a camera that answers with %s, and hangs up', async (_, answer) => {
    const url = await serve({});
    server.prependListener('connection', (socket) => socket.on('error', () => {}).end(answer));
    await expect(RtspFeed.open(url)).rejects.toMatchObject({ code: 'CAMERA_FAILED' });
  });

  it('says that nobody is there', async () => {
    const url = await serve(usual);
    server.close();
    await expect(RtspFeed.open(url)).rejects.toThrow(/^127\.0\.0\.1:\d+: connect ECONNREFUSED/);
  });

  it('gives up a camera that does not answer, when it is told to', async () => {
    const url = await serve({});
    const stopping = new AbortController();
    const opening = RtspFeed.open(url, stopping.signal);
    await vi.waitFor(() => expect(methods()).toEqual(['OPTIONS']));
    stopping.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
  });

  it('leaves addresses to ffmpeg that it cannot make out', async () => {
    for (const url of ['rtsps://127.0.0.1/a', 'rtsp://', 'rtsp://a:%zz@127.0.0.1/b', 'rtsp://a:b#c@127.0.0.1/d'])
      expect(await RtspFeed.open(url)).toBeUndefined();
  });
});
