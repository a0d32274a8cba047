import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { KdadError } from '../errors.js';
import type { Metrics } from './metrics.js';

export interface HttpSettings {
  readonly host: string;
  /** 0 lets the system choose one. */
  readonly port: number;
}

/** Serves `/metrics` (Prometheus) and `/healthz` (200 while the process is alive). */
export class HttpServer {
  readonly #settings: HttpSettings;
  readonly #metrics: Metrics;
  #server: FastifyInstance | undefined;

  constructor(settings: HttpSettings, metrics: Metrics) {
    this.#settings = settings;
    this.#metrics = metrics;
  }

  /**
   * @returns the port it listens on
   * @throws KdadError PORT_TAKEN
   */
  async start(): Promise<number> {
    const { host, port } = this.#settings;
    const { registry } = this.#metrics;
    const server = fastify({ forceCloseConnections: true });
    server.get('/healthz', () => ({ status: 'ok' }));
    server.get('/metrics', async (_request, reply) => reply.type(registry.contentType).send(await registry.metrics()));
    try {
      await server.listen({ host, port });
    } catch (error) {
      throw new KdadError('PORT_TAKEN', `cannot listen on ${host} port ${port}: ${(error as Error).message}`, {
        cause: error,
      });
    }
    this.#server = server;
    return (server.server.address() as AddressInfo).port;
  }

  async stop(): Promise<void> {
    await this.#server?.close();
    this.#server = undefined;
  }
}
