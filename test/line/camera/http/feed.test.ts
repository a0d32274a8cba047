import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { PassThrough } from 'node:stream';
import sharp from 'sharp';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { HttpFeed } from '../../../../src/line/camera/http/feed.js';
import { Jpegs } from '../../../../src/line/camera/http/jpegs.js';

const jpeg = await sharp({ create: { width: 64, height: 48, channels: 3, background: '#c08040' } })
  .jpeg()
  .toBuffer();

let server: Server;
let feed: HttpFeed | undefined;
const requests: string[] = [];
const sockets = new Set<Socket>();
afterEach(() => {
  feed?.close();
  for (const socket of sockets) socket.destroy();
  sockets.clear();
  requests.length = 0;
  server.close();
});

type Answer = (socket: Socket, request: string) => void;

/** A camera that answers each request as it is told. @returns its address */
async function serve(answer: Answer): Promise<string> {
  server = createServer((socket) => {
    sockets.add(socket.on('error', () => {}));
    let text = '';
    socket.on('data', (chunk) => {
      text += chunk;
      for (const request of text.split('\r\n\r\n').slice(0, -1)) {
        requests.push(request);
        answer(socket, request);
      }
      text = text.slice(text.lastIndexOf('\r\n\r\n') + 4);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/video`;
}

const head = (...headers: string[]) => ['HTTP/1.1 200 OK', ...headers, '', ''].join('\r\n');
const multipart = 'Content-Type: multipart/x-mixed-replace; boundary=b';
const part = (...lines: string[]) =>
  Buffer.concat([Buffer.from(lines.map((line) => `${line}\r\n`).join('')), jpeg, Buffer.from('\r\n')]);
const usual = part('--b', 'Content-Type: image/jpeg', `Content-Length: ${jpeg.length}`, '');
const half = jpeg.subarray(0, jpeg.length / 2);
const ofHalf = head('Content-Type: image/jpeg', `Content-Length: ${half.length}`);
const still = head('Content-Type: image/jpeg', `Content-Length: ${jpeg.length}`);

/** Sends the head, then pictures. */
const stream =
  (first: string, ...parts: Buffer[]): Answer =>
  (socket) => {
    socket.write(first);
    for (const one of parts) socket.write(one);
  };

/** Plays a camera until so many pictures have come. @returns what else came of it */
async function pictures(url: string, count: number, fps?: number) {
  feed = await HttpFeed.open(url, fps);
  const output = new PassThrough();
  const jpegs = new Jpegs();
  let seen = 0;
  output.on('data', (chunk) => {
    for (const one of jpegs.push(chunk)) if (one.equals(jpeg)) seen++;
  });
  const withheld: (string | undefined)[] = [];
  const playing = (feed as HttpFeed)
    .play(output, (reason) => withheld.push(reason))
    .catch((error: Error) => error.message);
  await vi.waitFor(() => expect(seen).toBeGreaterThanOrEqual(count), { timeout: 10_000 });
  return { playing, withheld };
}

describe('a stream of JPEGs over HTTP', () => {
  it.each<[string, Answer]>([
    ['as it should be', stream(head(multipart), usual, usual, usual)],
    ['without the first boundary', stream(head(multipart), part('Content-Type: image/jpeg', ''), usual, usual)],
    [
      'with the boundary twice',
      stream(head(multipart), part('--b', '--b', 'Content-Type: image/jpeg', ''), usual, usual),
    ],
    [
      'with a boundary in quotes, dashes included',
      stream(head(multipart.replace('=b', '="--b"')), usual, usual, usual),
    ],
    ['with another boundary than it says', stream(head(multipart.replace('=b', '=other')), usual, usual, usual)],
    ['of image/jpg', stream(head(multipart), ...Array(3).fill(part('--b', 'Content-Type: image/jpg', '')))],
    ['of no type', stream(head(multipart), ...Array(3).fill(part('--b', '')))],
    ['of no type at all', stream(head(), ...Array(3).fill(part('--b', '')))],
    ['without lengths', stream(head(multipart), ...Array(3).fill(part('--b', 'Content-Type: image/jpeg', '')))],
    ['with wrong lengths', stream(head(multipart), ...Array(3).fill(part('--b', 'Content-Length: 7', '')))],
    ['with lengths too large', stream(head(multipart), ...Array(3).fill(part('--b', 'Content-Length: 999999', '')))],
    ['without line breaks behind pictures', stream(head(multipart), jpeg, usual, jpeg)],
    ['with nothing in between', stream(head('Content-Type: video/x-motion-jpeg'), jpeg, jpeg, jpeg)],
    ['of an old protocol', stream(head(multipart).replace('1.1', '1.0'), usual, usual, usual)],
    [
      'in chunks',
      (socket) => {
        socket.write(head(multipart, 'Transfer-Encoding: chunked'));
        for (let count = 0; count < 3; count++)
          socket.write(Buffer.concat([Buffer.from(`${usual.length.toString(16)}\r\n`), usual, Buffer.from('\r\n')]));
      },
    ],
  ])('is read %s', async (_, answer) => {
    await pictures(await serve(answer), 3);
    expect(requests).toHaveLength(1);
    expect(feed?.doubt).toBeUndefined();
  });

  it('is left out what is too much, and what has no end', async () => {
    const { withheld } = await pictures(
      await serve(stream(head(multipart), usual, usual.subarray(0, usual.length - 20), usual, usual)),
      1,
      0.1,
    );
    await vi.waitFor(() => expect(withheld).toEqual(['pictures']));
  });

  it('is lost when the camera closes the connection', async () => {
    const { playing } = await pictures(
      await serve((socket) => socket.end(Buffer.concat([Buffer.from(head(multipart)), usual, usual]))),
      2,
    );
    expect(await playing).toMatch(/^127\.0\.0\.1:\d+: the camera closed the connection$/);
  });
});

describe('a camera that gives one JPEG for each request', () => {
  const closing = still.replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n');
  it.each<[string, Answer]>([
    ['and keeps the connection', (socket) => socket.write(Buffer.concat([Buffer.from(still), jpeg]))],
    ['and closes it', (socket) => socket.end(Buffer.concat([Buffer.from(closing), jpeg]))],
    ['and closes it without a word', (socket) => socket.end(Buffer.concat([Buffer.from(still), jpeg]))],
    ['and promises more', (socket) => socket.end(Buffer.concat([Buffer.from(head('Content-Length: 99999')), jpeg]))],
    ['and no length', (socket) => socket.end(Buffer.concat([Buffer.from(head('Content-Type: image/jpg')), jpeg]))],
    ['in a message of one part', (socket) => socket.end(Buffer.concat([Buffer.from(head(multipart)), usual]))],
  ])('is asked as often as wanted: %s', async (_, answer) => {
    const begin = performance.now();
    await pictures(await serve(answer), 4, 20);
    expect(performance.now() - begin).toBeGreaterThan(90);
    // It is asked for no more than comes.
    expect(requests.length).toBeLessThanOrEqual(6);
  });

  it('may fail once, and no more', async () => {
    let count = 0;
    const answer: Answer = (socket) => {
      const fails = ++count === 2 || count > 4;
      socket.end(fails ? 'HTTP/1.1 503 Busy\r\nContent-Length: 0\r\n\r\n' : Buffer.concat([Buffer.from(still), jpeg]));
    };
    const { playing } = await pictures(await serve(answer), 3, 50);
    expect(await playing).toMatch(/: the camera answers 503 Busy$/);
    expect(requests).toHaveLength(6);
  });

  it.each<[string, Answer]>([
    ['and closes', (socket) => socket.end(Buffer.concat([Buffer.from(head('Connection: close')), half]))],
    ['of the length that it says', (socket) => socket.end(Buffer.concat([Buffer.from(ofHalf), half]))],
    ['and closes before the length that it says', (socket) => socket.end(Buffer.concat([Buffer.from(still), half]))],
  ])('may send a part of a picture once, %s', async (_, sendHalf) => {
    let count = 0;
    const answer: Answer = (socket, request) => {
      if (++count % 3 === 0) sendHalf(socket, request);
      else socket.end(Buffer.concat([Buffer.from(still), jpeg]));
    };
    const { withheld } = await pictures(await serve(answer), 5, 50);
    expect(withheld.slice(0, 2)).toEqual(['pictures', 'pictures']);
  });

  it.each(['Basic realm="a"', 'Digest realm="a", nonce="b", qop="auth"'])('is told who asks: %s', async (challenge) => {
    const url = await serve((socket, request) => {
      if (request.includes('Authorization')) socket.write(Buffer.concat([Buffer.from(still), jpeg]));
      else socket.write(`HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: ${challenge}\r\nContent-Length: 0\r\n\r\n`);
    });
    await pictures(url.replace('//', '//admin:se#cret@'), 3, 20);
    expect(requests.filter((request) => !request.includes('Authorization'))).toHaveLength(1);
    if (challenge.startsWith('Digest')) expect(requests[2]).toContain('nc=00000002');
    expect(requests.join()).not.toContain('cret');
  });
});

describe('what a camera may answer over HTTP', () => {
  it('sends us somewhere else, and the password stays here', async () => {
    const url: string = await serve((socket, request) => {
      if (request.startsWith('GET /video '))
        socket.write('HTTP/1.1 302 Found\r\nLocation: other/?x\r\nContent-Length: 0\r\n\r\n');
      else stream(head(multipart), usual, usual)(socket, request);
    });
    await pictures(url, 2);
    expect(requests[1]).toMatch(/^GET \/other\/\?x /);
  });

  it('sends us round', async () => {
    const url = await serve((socket) =>
      socket.write('HTTP/1.1 301 Moved\r\nLocation: /video\r\nContent-Length: 0\r\n\r\n'),
    );
    await expect(HttpFeed.open(url)).rejects.toThrow(/without end/);
  });

  it.each([
    [
      'a page',
      `${head('Content-Type: text/html', 'Content-Length: 6')}<html>`,
      /answers with text\/html; expected JPEGs/,
    ],
    [
      'a refusal',
      'HTTP/1.1 404 \x1b[2JGone\r\nContent-Length: 0\r\n\r\n',
      /^127\.0\.0\.1:\d+: the camera answers 404 \?\[2JGone$/,
    ],
    ['nonsense', 'hello\r\n\r\n', /^127\.0\.0\.1:\d+: Parse Error/],
  ])('is %s', async (_, answer, message) => {
    const url = await serve((socket) => socket.end(answer));
    await expect(HttpFeed.open(url)).rejects.toMatchObject({
      code: 'CAMERA_FAILED',
      message: expect.stringMatching(message),
    });
  });

  it('is another kind of video, which is left to ffmpeg', async () => {
    expect(await HttpFeed.open(await serve(stream(head('Content-Type: video/mp4'))))).toBeUndefined();
  });

  it('is nothing, until we are told to stop', async () => {
    const stopping = new AbortController();
    const opening = HttpFeed.open(await serve(() => {}), undefined, stopping.signal);
    await vi.waitFor(() => expect(requests).toHaveLength(1));
    stopping.abort(new Error('enough'));
    await expect(opening).rejects.toThrow('enough');
  });
});
