import { afterEach, describe, expect, it } from 'vitest';
import { HttpServer } from '../../src/observability/http-server.js';
import { Metrics } from '../../src/observability/metrics.js';

const servers: HttpServer[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

/** A server on a free port. */
async function started(port = 0): Promise<{ server: HttpServer; port: number; metrics: Metrics }> {
  const metrics = new Metrics();
  const server = new HttpServer({ host: '127.0.0.1', port }, metrics);
  servers.push(server);
  return { server, port: await server.start(), metrics };
}

describe('the HTTP server', () => {
  it('serves the metrics in the text format of Prometheus', async () => {
    const { port, metrics } = await started();
    metrics.alerts.inc({ camera: 'line' });
    const response = await fetch(`http://127.0.0.1:${port}/metrics`);
    expect(response.headers.get('content-type')).toMatch(/^text\/plain; version=0\.0\.4/);
    expect(await response.text()).toContain('kdad_alerts_total{camera="line"} 1\n');
  });

  it('says that the process is alive', async () => {
    const { port } = await started();
    const response = await fetch(`http://127.0.0.1:${port}/healthz`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ status: 'ok' });
  });

  it('has nothing else', async () => {
    const { port } = await started();
    for (const path of ['/', '/metrics/../etc/passwd', '/api']) {
      expect((await fetch(`http://127.0.0.1:${port}${path}`)).status).toBe(404);
    }
    expect((await fetch(`http://127.0.0.1:${port}/metrics`, { method: 'POST', body: 'x' })).status).toBe(404);
  });

  it('says which port is taken', async () => {
    const { port } = await started();
    await expect(started(port)).rejects.toMatchObject({
      code: 'PORT_TAKEN',
      message: expect.stringMatching(`^cannot listen on 127.0.0.1 port ${port}: `),
    });
  });

  it('listens at its address only', async () => {
    const { port } = await started();
    // The whole of 127.0.0.0/8 is this machine: a server on every address would answer here, too.
    await expect(fetch(`http://127.0.0.2:${port}/healthz`)).rejects.toThrow('fetch failed');
  });

  it('stops with a connection open, and frees the port', async () => {
    const { server, port } = await started();
    await (await fetch(`http://127.0.0.1:${port}/healthz`)).text(); // Kept alive by the client.
    const begin = performance.now();
    await server.stop();
    expect(performance.now() - begin).toBeLessThan(1000);
    expect((await started(port)).port).toBe(port);
  });
});
