import { once } from 'node:events';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { type Broker, hasMosquitto, mosquittoBroker } from '../../fixtures/brokers.js';
import { startDaemon, until } from '../../fixtures/daemon.js';
import { PICTURE, picture } from '../../fixtures/product.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

let broker: Broker;
let bundle: string;
const stills = createServer(async (request, response) => {
  if (request.headers.authorization !== `Basic ${btoa('admin:hu#nter/2')}`) {
    response.writeHead(401, { 'WWW-Authenticate': 'Basic realm="a"' }).end();
    return;
  }
  const raw = { width: PICTURE, height: PICTURE, channels: 3 as const };
  const jpeg = await sharp(picture(7, false).pixels, { raw }).jpeg({ quality: 95 }).toBuffer();
  response.writeHead(200, { 'Content-Type': 'image/jpg', Connection: 'close' }).end(jpeg);
});
/** A camera that repeats all that it is asked, with what a terminal obeys. */
const parrot = createTcpServer((socket) => {
  socket.on('error', () => {});
  socket.on('data', (chunk) => {
    const [line] = String(chunk).split('\r\n', 1);
    socket.end(`RTSP/1.0 500 \x1b[2J nothing at ${line}, token t0psecret ${'A'.repeat(5e4)}\r\nCSeq: 1\r\n\r\n`);
  });
});
const portOf = (server: { address(): unknown }) => (server.address() as AddressInfo).port;

beforeAll(async () => {
  if (!hasMosquitto) return;
  ({ bundle } = await tinyBundle());
  broker = await mosquittoBroker();
  await broker.start();
  for (const server of [stills, parrot]) await once(server.listen(0, '127.0.0.1'), 'listening');
});
afterAll(async () => {
  stills.close();
  stills.closeAllConnections();
  parrot.close();
  await broker?.stop();
});

describe.skipIf(!hasMosquitto)('a daemon with cameras as they are', () => {
  it('judges one that gives a picture for each request, and repeats no secret of another to anybody', async () => {
    const yaml = `
model: ${bundle}
cameras:
  - name: stills
    fps: 4
    source: { kind: mjpeg, url: "http://admin:hu#nter/2@127.0.0.1:${portOf(stills)}/shot.jpg" }
  - name: parrot
    source: { kind: rtsp, url: "rtsp://admin:pa55word@127.0.0.1:${portOf(parrot)}/live/p4thtoken?key=t0psecret" }
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: network }
http: { port: 0 }
`;
    const folder = join(inject('shared'), 'network');
    const daemon = await startDaemon('network', yaml, { folder, brokerPort: broker.port });
    const judged = async (verdict: string) =>
      (await daemon.metrics()).get(`kdad_frames_judged_total{camera="stills",verdict="${verdict}"}`) ?? 0;
    await until(() => /"port":\d/.test(daemon.log()), daemon.log, 60_000);
    await until(async () => (await judged('good')) + (await judged('anomalous')) >= 8, daemon.log, 60_000);
    await until(() => /"camera":"parrot","reason"/.test(daemon.log()), daemon.log, 60_000);
    expect((await daemon.metrics()).get('kdad_camera_reconnects_total{camera="stills"}')).toBe(0);
    let status = '';
    const told = async () => {
      status = await (await fetch(`http://127.0.0.1:${daemon.port()}/api/v1/status`)).text();
      return status.includes('"reason"');
    };
    await until(told, daemon.log, 60_000);
    const states = () => daemon.on('cameras/parrot/state').map(({ payload }) => payload.toString());
    await until(() => states().join().includes('"reason"'), daemon.log, 60_000);
    const retained = states();
    for (const text of [daemon.log(), status, ...retained]) {
      expect(text).not.toMatch(/pa55word|p4thtoken|t0psecret|hu#nter/);
      expect(text).not.toMatch(/\\u001b|A{1001}/);
    }
    expect(JSON.parse(status).cameras[1].reason).toMatch(/^127\.0\.0\.1:\d+: the camera answers 500 \?\[2J nothing at/);
    daemon.process.kill();
    await once(daemon.process, 'exit');
    await daemon.close();
  });
});
