import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import { afterEach, describe, expect, it, vi } from 'vitest';
import type { DamageReason } from '../../../../src/line/camera/damage.js';
import { RtspFeed } from '../../../../src/line/camera/rtsp/feed.js';

const WAIT = { timeout: 240_000 };
const description = [
  ...['v=0', 'm=video 0 RTP/AVP 96', 'a=rtpmap:96 H264/90000', 'a=control:video'],
  'a=fmtp:96 packetization-mode=1;sprop-parameter-sets=Zw==,aA==',
].join('\r\n');

/** Status and headers, or what is to be done and the whole message. */
type Answers = Record<string, (request: string) => string | [typeof HANG_UP | '', string]>;

const HANG_UP = 'hang up';

const ok = (...headers: string[]) => ['200 OK', ...headers].join('\r\n');
const describes = (text: string, ...headers: string[]) => ({
  DESCRIBE: (_: string) => `${ok(...headers, `Content-Length: ${text.length}`)}\r\n\r\n${text}`,
});
const usual = {
  OPTIONS: () => ok('Public: OPTIONS, DESCRIBE, SETUP, PLAY, GET_PARAMETER'),
  ...describes(description),
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

function whole(answer: string, request: string): string {
  const [status, ...rest] = answer.split('\r\n');
  const head = [`RTSP/1.0 ${status}`, `CSeq: ${/CSeq: (\d+)/.exec(request)?.[1]}`, ...rest].join('\r\n');
  return answer.includes('\r\n\r\n') ? head : `${head}\r\n\r\n`;
}

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
        const answer = answers[method]?.(request) ?? '';
        const [then, message] = Array.isArray(answer) ? answer : ['', answer && whole(answer, request)];
        if (answer === HANG_UP || then === HANG_UP) socket.end(message === HANG_UP ? '' : message);
        else socket.write(message);
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
    expect(feed.format).toBe('h264');
    const output = new PassThrough();
    void feed.play(output);
    await vi.waitFor(() => expect(methods()).toContain('PLAY'));
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
    await vi.waitFor(() => expect(methods()).toContain('GET_PARAMETER'), WAIT);
    feed.close();
    await vi.waitFor(() => expect(methods().at(-1)).toBe('TEARDOWN'), WAIT);
    expect(methods().slice(0, 4)).toEqual(['OPTIONS', 'DESCRIBE', 'SETUP', 'PLAY']);
    expect(asked.at(-1)).toMatch(/^Session: 7$/m);
  });

  it('withholds what cannot be decoded as it was sent, and tells of each picture', async () => {
    const feed = (await RtspFeed.open(await serve(usual))) as RtspFeed;
    const output = new PassThrough();
    const withheld: (DamageReason | undefined)[] = [];
    void feed.play(output, (one) => withheld.push(one));
    await vi.waitFor(() => expect(methods()).toContain('PLAY'));
    const later = (number: number) => {
      const packet = picture(2, number);
      packet[16] = 0x41;
      return packet;
    };
    // Two pictures, one lost, two that need it, and a key picture.
    camera.write(Buffer.concat([picture(2, 1), later(2), later(4), later(5), picture(2, 6), later(7)]));
    await vi.waitFor(() => expect(withheld.length).toBe(3), WAIT);
    const last = [...START, 0x41, 0x88, ...START, 9, 0xf0];
    // Of the second one nobody knows whether a part of it is missing.
    expect(withheld).toEqual(['packets', 'packets', undefined]);
    expect([...output.read()]).toEqual([...START, 0x67, ...START, 0x68, ...frame, ...frame, ...last]);
    feed.close();
  });

  it('ends when the camera hangs up', async () => {
    const feed = (await RtspFeed.open(await serve(usual))) as RtspFeed;
    const output = new PassThrough().resume();
    const playing = feed.play(output);
    const ended = once(output, 'end');
    await vi.waitFor(() => expect(methods()).toContain('PLAY'));
    camera.end();
    await expect(playing).rejects.toThrow(/^127\.0\.0\.1:\d+: the camera closed the connection$/);
    await ended;
  });

  it('has the camera wait for a decoder that does not keep up', async () => {
    const feed = (await RtspFeed.open(await serve(usual))) as RtspFeed;
    const output = new PassThrough({ highWaterMark: 1 });
    void feed.play(output);
    await vi.waitFor(() => expect(methods()).toContain('PLAY'));
    const pictures = Buffer.concat(Array.from({ length: 1000 }, (_, index) => picture(2, index)));
    for (let times = 0; times < 500; times++) camera.write(pictures);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(camera.writableLength).toBeGreaterThan(0);
    expect(output.writableLength).toBeLessThan(1e6);
    feed.close();
  });

  it('leaves a camera to ffmpeg that sends another codec', async () => {
    expect(await RtspFeed.open(await serve({ ...usual, ...describes('v=0\r\nm=video 0 RTP/AVP 26') }))).toBeUndefined();
  });

  it('says what the camera refuses, without the login and the path', async () => {
    const url = await serve({ ...usual, DESCRIBE: () => '404 Not Found' });
    await expect(RtspFeed.open(url.replace('//', '//admin:secret@'))).rejects.toMatchObject({
      code: 'CAMERA_FAILED',
      message: `${url.slice('rtsp://'.length, -'/stream'.length)}: the camera answers 404 Not Found to DESCRIBE`,
    });
  });

  it.each<[string, Answers, RegExp]>([
    ['sends over UDP alone', { SETUP: () => '461 Unsupported Transport' }, /set transport: udp/],
    ['answers with UDP', { SETUP: () => ok('Transport: RTP/AVP;unicast;client_port=5000-5001') }, /transport: udp/],
    ['has sound alone', describes('v=0\r\nm=audio 0 RTP/AVP 0\r\n'), /offers no video at this address \(audio\)/],
    ['sends us round', { DESCRIBE: (request) => `302 Found\r\nLocation: ${request.split(' ')[1]}` }, /without end/],
    ['speaks to terminals', { DESCRIBE: () => '500 \x1b[2J\x1b]0;owned\x07' }, /answers 500 \?\[2J\?\]0;owned\? to/],
    ['talks without end', { DESCRIBE: () => `500 ${'A'.repeat(60_000)}` }, /answers 500 A{100} to DESCRIBE$/],
    ['sends a message too long', { DESCRIBE: () => ok('Content-Length: 99999999999999999999') }, /more than 1000000$/],
    ['sends lines too long', { DESCRIBE: () => ok(`X: ${'a'.repeat(70_000)}`) }, /message of more than 65536 bytes/],
  ])('says of a camera that it %s', async (_, answers, message) => {
    await expect(RtspFeed.open(await serve({ ...usual, ...answers }))).rejects.toThrow(message);
  });

  it.each<[string, Answers, string[]]>([
    ['no base', {}, ['/stream/video', '/stream']],
    ['an empty base', describes(description, 'Content-Base: '), ['/stream/video', '/stream']],
    [
      'a base in small letters',
      describes(description, 'content-base:rtsp://x/a/'),
      ['rtsp://x/a/video', 'rtsp://x/a/'],
    ],
    ['a relative base', describes(description, 'Content-Base: /b/'), ['/b/video', '/b/']],
    ['a location', describes(description, 'Content-Location: rtsp://x/c'), ['rtsp://x/c/video', 'rtsp://x/c']],
    ['an absolute track', describes(description.replace(':video', ':rtsp://x/d')), ['rtsp://x/d', '/stream']],
    ['a track of the whole server', describes(description.replace(':video', ':/track')), ['/track', '/stream']],
    ['everything as one', describes(description.replace(':video', ':*')), ['/stream', '/stream']],
    [
      'an address for the session',
      describes(description.replace('m=', 'a=control:rtsp://x/e\r\nm=')),
      ['rtsp://x/e/video', 'rtsp://x/e'],
    ],
    [
      'a base with a line break',
      describes(description, 'Content-Base: rtsp://x/f\rEvil:1/'),
      ['rtsp://x/fEvil:1/video', 'rtsp://x/fEvil:1/'],
    ],
  ])('sets up and plays a camera with %s', async (_, answers, expected) => {
    const url = await serve({ ...usual, ...answers });
    const feed = (await RtspFeed.open(url)) as RtspFeed;
    void feed.play(new PassThrough().resume());
    await vi.waitFor(() => expect(methods()).toContain('PLAY'));
    const server = url.slice(0, -'/stream'.length);
    const uris = ['SETUP', 'PLAY'].map((method) => asked.find((one) => one.startsWith(method))?.split(' ')[1]);
    expect(uris.map((uri) => uri?.replace(server, ''))).toEqual(expected);
    feed.close();
  });

  const everywhere = (change: (message: string) => string): Answers =>
    Object.fromEntries(
      Object.entries(usual).map(([method, answer]) => [
        method,
        (request) => ['', change(whole(answer(request), request))],
      ]),
    );

  it.each<[string, Answers]>([
    ['counts from 0', everywhere((message) => message.replace(/CSeq: \d+/, 'CSeq: 0'))],
    ['counts nothing', everywhere((message) => message.replace(/CSeq: \d+\r\n/, ''))],
    [
      'writes lines without CR',
      everywhere((message) => message.replace(/^.*?\r\n\r\n/s, (head) => head.replaceAll('\r\n', '\n'))),
    ],
    ['shouts', everywhere((message) => message.replace(/^[\w-]+(?=: )/gm, (name) => name.toUpperCase()))],
    ['whispers', everywhere((message) => message.replace(/^[\w-]+(?=: )/gm, (name) => name.toLowerCase()))],
    ['folds its lines', everywhere((message) => message.replace(/^(Transport:|Session:|CSeq:) /gm, '$1\r\n\t'))],
    ['begins with empty lines', everywhere((message) => `\r\n\r\n${message}`)],
    ['hangs up when asked what it can do', { OPTIONS: () => HANG_UP }],
    ['hangs up after it has said what it can do', { OPTIONS: (request) => [HANG_UP, whole(ok(), request)] }],
    ['does not know what it can do', { OPTIONS: () => '501 Not Implemented' }],
    ['names no channel', { SETUP: () => ok('Session: 7') }],
    ['has no sessions', { SETUP: () => ok('Transport: RTP/AVP/TCP;interleaved=2-3') }],
    ['knows no range', { PLAY: (request) => (request.includes('Range') ? '457 Invalid Range' : ok()) }],
    ['plays tracks alone', { PLAY: (request) => (request.includes('/video ') ? ok() : '459 Not Allowed') }],
    ['says nothing of playing', { PLAY: () => ['', ''] }],
    ['goes on first', { PLAY: (request) => ['', `RTSP/1.0 100 Continue\r\n\r\n${whole(ok(), request)}`] }],
  ])('reads a camera that %s', async (_, answers) => {
    const feed = (await RtspFeed.open(await serve({ ...usual, ...answers }))) as RtspFeed;
    const output = new PassThrough();
    const playing = feed.play(output);
    await vi.waitFor(() => expect(methods()).toContain('PLAY'));
    for (let timestamp = 1; timestamp < 5; timestamp++) {
      for (const channel of [0, 2]) camera.write(picture(channel, timestamp));
      // Junk, as some send in between.
      camera.write(Buffer.from([0, 0x11, 0x22]));
    }
    await vi.waitFor(() => expect(output.readableLength).toBeGreaterThanOrEqual(3 * frame.length));
    feed.close();
    await playing.catch(() => {});
  });

  it('goes where the camera sends it, and gives the password to no other host', async () => {
    const challenge = '401 Unauthorized\r\nWWW-Authenticate: Basic realm="a"';
    const moves = (request: string, place: string) => {
      if (request.includes('/stream ')) return `301 Moved\r\nLocation: ${place}`;
      return request.includes('Authorization') ? describes(description).DESCRIBE(request) : challenge;
    };
    const url: string = await serve({
      ...usual,
      DESCRIBE: (request) => moves(request, url.replace('/stream', '/other')),
    });
    const feed = (await RtspFeed.open(url.replace('//', '//admin:secret@'))) as RtspFeed;
    expect(asked.at(-1)).toMatch(/^SETUP rtsp:\/\/127.0.0.1:\d+\/other\/video /);
    feed.close();
    server.close();
    const first: string = await serve({
      ...usual,
      DESCRIBE: (request) => moves(request, first.replace('127.0.0.1', 'localhost').replace('/stream', '/other')),
    });
    await expect(RtspFeed.open(first.replace('//', '//admin:secret@'))).rejects.toThrow('401');
    const there = asked.filter((request) => request.includes('localhost'));
    expect(there.map((request) => request.split(' ', 1)[0])).toEqual(['OPTIONS', 'DESCRIBE']);
    expect(there.join()).not.toContain('Authorization');
  });

  it.each(['0', '-1', '4294967295', '99999999999999', 'soon', '', '1'])(
    'keeps a session alive at a bearable pace whatever the camera says: timeout=%s',
    async (timeout) => {
      const SETUP = () => ok('Transport: RTP/AVP/TCP;interleaved=2-3', `Session:  7 ; timeout = ${timeout}`);
      const feed = (await RtspFeed.open(await serve({ ...usual, SETUP }))) as RtspFeed;
      vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
      try {
        void feed.play(new PassThrough().resume());
        vi.advanceTimersByTime(60_000);
      } finally {
        vi.useRealTimers();
      }
      await vi.waitFor(() => expect(methods()).toContain('GET_PARAMETER'));
      await vi.waitFor(() => expect(methods()).toContain('PLAY'));
      expect(methods().filter((one) => one === 'GET_PARAMETER').length).toBeLessThanOrEqual(60);
      expect(asked.find((one) => one.startsWith('GET_PARAMETER'))).toMatch(/^Session: 7$/m);
      feed.close();
    },
  );

  it('tells why no picture may have come', async () => {
    const feed = (await RtspFeed.open(await serve(usual))) as RtspFeed;
    const playing = feed.play(new PassThrough().resume());
    await vi.waitFor(() => expect(methods()).toContain('PLAY'));
    expect(feed.doubt).toMatch(/sends nothing/);
    const other = picture(2, 1);
    other[16] = 0x61;
    camera.write(other);
    await vi.waitFor(() => expect(feed.doubt).toMatch(/no key frame.*firstFrameTimeout/));
    camera.write(Buffer.concat([picture(2, 2), picture(2, 3)]));
    await vi.waitFor(() => expect(feed.doubt).toBeUndefined());
    feed.close();
    await playing;
  });

  it('answers what the camera asks, and hears when it ends the session', async () => {
    const feed = (await RtspFeed.open(await serve(usual))) as RtspFeed;
    const playing = feed.play(new PassThrough().resume());
    const failed = expect(playing).rejects.toThrow('the camera ended the session');
    await vi.waitFor(() => expect(methods()).toContain('PLAY'));
    camera.write('OPTIONS rtsp://client RTSP/1.0\r\nCSeq: 41\r\n\r\nANNOUNCE * RTSP/1.0\r\nCSeq: 42\r\n\r\n');
    const answers = ['RTSP/1.0 200 OK\r\nCSeq: 41', 'RTSP/1.0 501 Not Implemented\r\nCSeq: 42'];
    await vi.waitFor(() => expect(asked.slice(-2)).toEqual(answers));
    camera.write('TEARDOWN rtsp://client RTSP/1.0\r\nCSeq: 43\r\n\r\n');
    await failed;
  });

  it.each([
    ['noise', Buffer.from(Array.from({ length: 5000 }, (_, index) => (index * 7919) & 255))],
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
    await vi.waitFor(() => expect(methods()).toEqual(['OPTIONS']), WAIT);
    stopping.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
  });

  it('leaves addresses to ffmpeg that it cannot make out', async () => {
    for (const url of ['rtsps://127.0.0.1/a', 'rtsp://', 'rtsp://[', 'rtsp://127.0.0.1:99999/'])
      expect(await RtspFeed.open(url)).toBeUndefined();
  });
});
