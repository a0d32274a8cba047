import type { AddressInfo } from 'node:net';
import fastify, { type FastifyInstance } from 'fastify';
import { KdadError } from '../../common/errors.js';
import { challenge } from './bearer.js';
import { limitConnections } from './connections.js';
import { isForUs } from './host-header.js';

export interface HttpSettings {
  readonly host: string;
  /** 0 lets the system choose one. */
  readonly port: number;
  /** Whoever asks for more than health has to give it; nobody has to when absent. */
  readonly token?: string;
  /** Milliseconds that a request may take to arrive, and a connection may be silent; 10 s when absent. */
  readonly patience?: number;
}

/** Where the pages come from. */
export interface HttpPages {
  readonly metrics: { readonly contentType: string; metrics(): Promise<string> };
  readonly status: () => object;
  readonly readiness: () => { readonly ready: boolean };
}

const PATIENCE = 10_000;
/** Looks for requests that take longer, while one may. */
const LOOKS = 5;
/** Bytes of a request's body; nothing here reads one. */
const BODY_LIMIT = 1024;

/** Open to everybody, so that whatever starts and watches processes needs no token. */
const open = { config: { open: true } };

/** Serves `/healthz`, `/readyz`, `/api/v1/status` and `/metrics` (Prometheus); docs/operations.md describes each. */
export class HttpServer {
  readonly #settings: HttpSettings;
  readonly #pages: HttpPages;
  #server: FastifyInstance | undefined;

  constructor(settings: HttpSettings, pages: HttpPages) {
    this.#settings = settings;
    this.#pages = pages;
  }

  /**
   * @returns the port it listens on
   * @throws KdadError PORT_TAKEN
   */
  async start(): Promise<number> {
    const { host, port } = this.#settings;
    const server = this.#routes();
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

  #routes(): FastifyInstance {
    const { host, token, patience = PATIENCE } = this.#settings;
    const { metrics, status, readiness } = this.#pages;
    const server = fastify({
      forceCloseConnections: true,
      requestTimeout: patience,
      connectionTimeout: patience,
      keepAliveTimeout: patience,
      http: { connectionsCheckingInterval: patience / LOOKS, headersTimeout: patience },
      bodyLimit: BODY_LIMIT,
    });
    limitConnections(server.server);
    // Before fastify has a look at it: what it refuses itself passes no hook.
    server.server.prependListener('request', (_request, response) => response.setHeader('cache-control', 'no-store'));
    server.addHook('onRequest', async (request, reply) => {
      const { config } = request.routeOptions;
      // Who has the token may name us as he likes.
      if (token === undefined && !isForUs(request.headers.host, host))
        return reply.code(421).send({ error: 'misdirected', message: 'expected an address or localhost in Host' });
      if (token === undefined || (config as { open?: boolean } | undefined)?.open) return;
      const refusal = challenge(request.headers.authorization, token);
      if (refusal !== undefined)
        return reply.code(401).header('www-authenticate', refusal).send({ error: 'unauthorized' });
    });
    server.get('/healthz', open, () => ({ status: 'ok' }));
    server.get('/readyz', open, (_request, reply) => {
      const answer = readiness();
      return reply.code(answer.ready ? 200 : 503).send(answer);
    });
    server.get('/api/v1/status', () => status());
    server.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.metrics()));
    return server;
  }
}
