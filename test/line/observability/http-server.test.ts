import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, describe, expect, it, onTestFinished, vi } from 'vitest';
import { type HttpPages, HttpServer, type HttpSettings } from '../../../src/line/observability/http-server.js';
import { Metrics } from '../../../src/line/observability/metrics.js';

const servers: HttpServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

const pages = (): HttpPages => ({
  metrics: new Metrics().registry,
  status: () => ({ version: '1.2.3' }),
  readiness: () => ({ ready: true }),
});

/** A server on a free port. */
async function started({ settings, ...own }: Partial<HttpPages> & { settings?: Partial<HttpSettings> } = {}) {
  const server = new HttpServer({ host: '127.0.0.1', port: 0, ...settings }, { ...pages(), ...own });
  servers.push(server);
  const port = await server.start();
  return { server, port, get: (path: string, init?: RequestInit) => fetch(`http://127.0.0.1:${port}${path}`, init) };
}

/** The status of an answer to a request with this `Host`, which fetch does not let us set. */
async function statusFor(port: number, host: string, path = '/metrics'): Promise<number | undefined> {
  const [response] = (await once(request({ port, path, host: 'localhost', headers: { host } }).end(), 'response')) as [
    IncomingMessage,
  ];
  response.resume();
  return response.statusCode;
}

describe('the HTTP server', () => {
  it('serves the metrics in the text format of Prometheus', async () => {
    const metrics = new Metrics();
    metrics.alerts.inc({ camera: 'line' });
    const { get } = await started({ metrics: metrics.registry });
    const response = await get('/metrics');
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain('kdad_alerts_total{camera="line"} 1\n');
  });

  it('says that the process is alive', async () => {
    const response = await (await started()).get('/healthz');
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok' });
  });

  it.each([
    [true, 200],
    [false, 503],
  ])('says whether the daemon is ready: %s makes it %d', async (ready, status) => {
    const answer = { ready, checks: { model: ready, camera: true } };
    const response = await (await started({ readiness: () => answer })).get('/readyz');
    expect(response.status).toBe(status);
    expect(await response.json()).toEqual(answer);
  });

  it('serves the status', async () => {
    expect(await (await (await started()).get('/api/v1/status')).json()).toEqual({ version: '1.2.3' });
  });

  it('has nothing else', async () => {
    const { get } = await started();
    for (const path of ['/', '/metrics/../etc/passwd', '/api']) expect((await get(path)).status).toBe(404);
    expect((await get('/metrics', { method: 'POST', body: 'x' })).status).toBe(404);
  });

  it('lets nobody store its answers', async () => {
    const { get } = await started();
    for (const path of ['/healthz', '/readyz', '/metrics', '/api/v1/status', '/nothing', '/%']) {
      expect((await get(path)).headers.get('cache-control'), path).toBe('no-store');
    }
  });

  it('says which port is taken', async () => {
    const { port } = await started();
    await expect(started({ settings: { port } })).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringMatching(`^cannot listen on 127.0.0.1 port ${port}: `),
    });
  });

  it('listens at its address only', async () => {
    const { port } = await started();
    // The whole of 127.0.0.0/8 is this machine: a server on every address would answer here, too.
    await expect(fetch(`http://127.0.0.2:${port}/healthz`)).rejects.toThrow('fetch failed');
  });

  it('holds few connections: the oldest goes for a new one, and whoever asks is answered', async () => {
    const { port, get } = await started();
    let closed = 0;
    const sockets = Array.from({ length: 300 }, () =>
      connect({ port, host: '127.0.0.1' })
        .on('error', () => {})
        .on('close', () => closed++),
    );
    onTestFinished(() => sockets.forEach((socket) => void socket.destroy()));
    await vi.waitFor(() => expect(closed).toBeGreaterThanOrEqual(300 - 64), { timeout: 30_000 });
    expect((await get('/healthz')).status).toBe(200);
    expect(closed).toBeLessThan(300);
  });

  it.each([
    ['says nothing', ''],
    ['ends within its head', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n'],
    ['announces a body that does not come', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\n'],
    ['has been answered, and says nothing more', 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n'],
  ])('closes a connection that %s', async (_, sent) => {
    const { port } = await started({ settings: { patience: 1000 } });
    const begin = performance.now();
    const socket = connect({ port, host: '127.0.0.1' }).on('error', () => {});
    onTestFinished(() => void socket.destroy());
    socket.resume().write(sent);
    await once(socket, 'close');
    expect(performance.now() - begin).toBeGreaterThan(800);
    expect(performance.now() - begin).toBeLessThan(10_000);
  });

  it('closes a connection whose request comes byte by byte', async () => {
    const { port } = await started({ settings: { patience: 1000 } });
    const socket = connect({ port, host: '127.0.0.1' }).on('error', () => {});
    const dripping = setInterval(() => socket.write('G'), 100);
    onTestFinished(() => {
      clearInterval(dripping);
      socket.destroy();
    });
    await once(socket.resume(), 'close');
  });

  it.each(['localhost', 'localhost:9464', '127.0.0.1:9464', '[::1]:9464', '192.168.1.7', 'LOCALHOST.'])(
    'answers to Host: %s',
    async (host) => {
      const { port } = await started();
      expect(await statusFor(port, host)).toBe(200);
    },
  );

  it.each(['evil.example', 'evil.example:9464', '127.0.0.1.evil.example', 'localhost.evil.example', 'a b', '[::1'])(
    'does not answer to Host: %s, which a page of another site may have pointed here',
    async (host) => {
      const { port } = await started();
      for (const path of ['/metrics', '/api/v1/status', '/healthz', '/nothing'])
        expect(await statusFor(port, host, path), path).toBe(421);
    },
  );

  it('answers to the name that it is configured to listen on, and to any with a token', async () => {
    const named = await started({ settings: { host: 'localhost' } });
    expect(await statusFor(named.port, 'localhost')).toBe(200);
    const { port } = await started({ settings: { token: 'secret' } });
    expect(await statusFor(port, 'box.example', '/healthz')).toBe(200);
    expect(await statusFor(port, 'box.example', '/metrics')).toBe(401);
  });

  it('stops with a connection open, and frees the port', async () => {
    const { server, port, get } = await started();
    await (await get('/healthz')).text(); // Kept alive by the client.
    const begin = performance.now();
    await server.stop();
    expect(performance.now() - begin).toBeLessThan(5000);
    expect((await started({ settings: { port } })).port).toBe(port);
  });
});

describe('with a token, the HTTP server', () => {
  const token = 'aB3-._~+/=';
  const guarded = () => started({ settings: { token } });
  const bearing = (authorization: string) => ({ headers: { authorization } });

  it('asks for it everywhere but for health', async () => {
    const { get } = await guarded();
    for (const path of ['/healthz', '/readyz']) expect((await get(path)).status, path).toBe(200);
    for (const path of ['/metrics', '/api/v1/status', '/nothing', '/healthz/', '/readyz/../metrics']) {
      const response = await get(path);
      expect(response.status, path).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="kdad-edge"');
      expect(await response.text()).toBe('{"error":"unauthorized"}');
    }
    expect((await get('/metrics', { method: 'HEAD' })).status).toBe(401);
    expect((await get('/metrics', { method: 'POST', body: '{' })).status).toBe(401);
  });

  it('opens with it', async () => {
    const { get } = await guarded();
    for (const path of ['/metrics', '/api/v1/status']) {
      expect((await get(path, bearing(`Bearer ${token}`))).status, path).toBe(200);
      expect((await get(path, bearing(`bearer  ${token}`))).status, path).toBe(200);
    }
  });

  it.each(['Bearer wrong', `Bearer ${token}x`, `Bearer ${token.slice(1)}`, `Bearer ${token.toLowerCase()}`])(
    'calls %s an invalid token',
    async (authorization) => {
      const response = await (await guarded()).get('/metrics', bearing(authorization));
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="kdad-edge", error="invalid_token"');
    },
  );

  it.each(['', 'Bearer', 'Bearer ', `Basic ${token}`, token, `Bearer ${token} ${token}`])(
    'does not take %j for a token',
    async (authorization) => {
      const response = await (await guarded()).get('/metrics', bearing(authorization));
      expect(response.status).toBe(401);
      expect(response.headers.get('www-authenticate')).toBe('Bearer realm="kdad-edge"');
    },
  );
});

describe('any request at all', () => {
  let server: HttpServer;
  let port: number;
  const token = 'secret';
  beforeAll(async () => {
    const readiness = () => ({ ready: false });
    server = new HttpServer({ host: '127.0.0.1', port: 0, token }, { ...pages(), readiness });
    port = await server.start();
  });
  afterAll(() => server.stop());

  /** Sends bytes as they are, and reads to the end of the connection. */
  async function exchange(request: string): Promise<string> {
    const socket = connect({ port, host: '127.0.0.1', allowHalfOpen: true });
    socket.on('error', () => {});
    socket.end(Buffer.from(request, 'latin1'));
    return await text(socket).catch(() => '');
  }

  const oneOf = (known: string[], any: fc.Arbitrary<string>) => fc.oneof(fc.constantFrom(...known), any);
  const byte = fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code));
  const bytes = (maxLength: number) => fc.array(byte, { maxLength }).map((all) => all.join(''));
  const printable = fc.string({ unit: 'grapheme-ascii', maxLength: 30 });
  const anyRequest = fc
    .record({
      method: oneOf(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'PRI'], printable),
      path: oneOf(
        ['/metrics', '/readyz', '/api/v1/status', '/healthz?a=b', '/%', '/%00', '//', '*', '/../x', 'http://h/metrics'],
        fc.oneof(
          fc.webPath(),
          bytes(40),
          printable.map((any) => `/${any}`),
        ),
      ),
      headers: fc.array(
        fc.tuple(
          oneOf(
            [
              'host',
              'authorization',
              'content-length',
              'transfer-encoding',
              'content-type',
              'expect',
              'upgrade',
              'range',
            ],
            printable,
          ),
          oneOf(
            [
              `Bearer ${token}`,
              'Bearer',
              '0',
              '5',
              '-1',
              '99999999999',
              'chunked',
              'application/json',
              '100-continue',
              'h2c',
            ],
            bytes(60),
          ),
        ),
        { maxLength: 6 },
      ),
      body: oneOf(['', '{', '{"__proto__":{}}', '5\r\nhello\r\n0\r\n\r\n', 'zz\r\n'], bytes(200)),
    })
    .map(({ method, path, headers, body }) => {
      const lines = headers.map(([name, value]) => `${name}: ${value}`);
      return [`${method} ${path} HTTP/1.1`, 'host: h', 'connection: close', ...lines, '', body].join('\r\n');
    });

  it('is answered without a defect, gives nothing away, and leaves the server answering', async () => {
    let answered = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.oneof({ weight: 9, arbitrary: anyRequest }, { weight: 1, arbitrary: bytes(300) }),
        async (any) => {
          const answer = await exchange(any);
          const status = Number(/^HTTP\/1\.1 (\d{3}) /.exec(answer)?.[1]);
          if (status >= 500) expect(answer).toMatch(/^HTTP\/1\.1 503 .*\{"ready":false\}|^HTTP\/1\.1 503 [^{]*$/s);
          if (!any.includes(token)) expect(answer).not.toMatch(/kdad_|"version"/);
          if (status > 0) answered++;
        },
      ),
      { numRuns: 500 },
    );
    expect(answered).toBeGreaterThan(300);
    const alive = await fetch(`http://127.0.0.1:${port}/healthz`);
    expect(await alive.json()).toEqual({ status: 'ok' });
  });
});
