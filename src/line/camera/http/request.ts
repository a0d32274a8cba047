import { Agent, type IncomingMessage, type RequestOptions, request } from 'node:http';
import { request as requestSecurely, Agent as SecureAgent } from 'node:https';
import { type CameraAddress, readAddress } from '../address.js';
import { Authentication } from '../authentication.js';
import { plain } from '../redact.js';

/** Addresses that a camera may send us on to. */
const MOST_MOVES = 5;
const LONGEST_HEAD = 65_536;

/** Asks one camera over HTTP, again and again over one connection where it keeps it open. */
export class HttpCamera {
  readonly #place: CameraAddress;
  readonly #authentication: Authentication;
  readonly #agent: Agent;
  readonly #secureAgent: SecureAgent;

  constructor(place: CameraAddress) {
    this.#place = place;
    this.#authentication = new Authentication(place.login);
    this.#agent = new Agent({ keepAlive: true, maxSockets: 1 });
    // Certificates of cameras are their own; ffmpeg takes any, too.
    this.#secureAgent = new SecureAgent({ keepAlive: true, maxSockets: 1, rejectUnauthorized: false });
  }

  /**
   * @returns its answer, wherever it sent us
   * @throws Error for an answer that is no success, and what the network says
   */
  async get(signal: AbortSignal): Promise<IncomingMessage> {
    let place = this.#place;
    let authentication = this.#authentication;
    for (let moves = 0; ; moves++) {
      const answer = await this.#ask(place, authentication, signal);
      const { statusCode = 0, statusMessage = '', headers } = answer;
      if (statusCode >= 200 && statusCode < 300) return answer;
      answer.destroy();
      const moved = statusCode >= 300 && statusCode < 400 && headers.location && moveTo(place, headers.location);
      if (!moved) throw new Error(`the camera answers ${statusCode} ${plain(statusMessage).slice(0, 100)}`);
      if (moves === MOST_MOVES) throw new Error('the camera sends us from one address to the next without end');
      // Whoever is elsewhere gets the password from nobody.
      if (moved.login || moved.host !== this.#place.host) authentication = new Authentication(moved.login);
      place = moved;
    }
  }

  close(): void {
    this.#agent.destroy();
    this.#secureAgent.destroy();
  }

  #ask(place: CameraAddress, authentication: Authentication, signal: AbortSignal): Promise<IncomingMessage> {
    const uri = place.target.replace(/^(?!\/)/, '/').replace(/[^\x21-\x7e]+/g, encodeURI);
    let before: IncomingMessage | undefined;
    return authentication.request(
      { method: 'GET', uri },
      async (granted) => {
        before?.destroy();
        before = await this.#send(place, uri, granted, signal);
        return before;
      },
      ({ statusCode, headersDistinct }) =>
        statusCode === 401 ? (headersDistinct['www-authenticate'] ?? []) : undefined,
    );
  }

  #send(
    place: CameraAddress,
    path: string,
    granted: string | undefined,
    signal: AbortSignal,
  ): Promise<IncomingMessage> {
    const secure = place.scheme === 'https';
    const options: RequestOptions = {
      ...{ host: place.host, port: place.port ?? (secure ? 443 : 80), path, signal },
      headers: { Accept: '*/*', 'User-Agent': 'kdad-edge', ...(granted && { Authorization: granted }) },
      agent: secure ? this.#secureAgent : this.#agent,
      insecureHTTPParser: true,
      maxHeaderSize: LONGEST_HEAD,
    };
    return new Promise((resolve, reject) => {
      const asked = secure ? requestSecurely(options) : request(options);
      let answered = false;
      asked.on('response', (answer) => {
        answered = true;
        resolve(answer);
      });
      asked.on('error', (error) => {
        // The camera closed a connection just when we used it again.
        if (asked.reusedSocket && !answered && !signal.aborted) resolve(this.#send(place, path, granted, signal));
        else reject(error);
      });
      asked.end();
    });
  }
}

function moveTo(place: CameraAddress, location: string): CameraAddress | undefined {
  if (/^https?:\/\//i.test(location)) return readAddress(location);
  if (/^[a-z][a-z0-9+.-]*:/i.test(location)) return undefined;
  const server = place.bare.slice(0, place.bare.length - place.target.length);
  const folder = place.target.replace(/\?.*/s, '').replace(/[^/]*$/, '') || '/';
  const moved = readAddress(`${server}${location.startsWith('/') ? '' : folder}${location}`);
  return moved && { ...moved, login: undefined };
}
