import type { Writable } from 'node:stream';
import { KdadError } from '../../errors.js';
import type { Codec } from '../hardware.js';
import { AccessUnits, type EncodedPicture } from './access-units.js';
import { authorisation, type Login } from './authorisation.js';
import { CleanPictures } from './clean-pictures.js';
import { type Response, RtspConnection } from './connection.js';
import { readDescription, type VideoDescription } from './description.js';

/** Seconds after which a camera that hears nothing ends the session, where it does not say (RFC 2326, 12.37). */
const SESSION_TIMEOUT = 60;

/** The video of one RTSP camera over TCP, as it was encoded: each frame as soon as all of it has come. */
export class RtspFeed {
  readonly #connection: RtspConnection;
  readonly #uri: string;
  readonly #login: Login | undefined;
  #challenge: string | undefined;
  #video!: VideoDescription;
  /** What is played: the camera's name for all that it sends. */
  #whole!: string;
  #channel!: number;
  #session: string | undefined;
  #timeout = SESSION_TIMEOUT;
  #stayAlive = 'OPTIONS';
  #timer: NodeJS.Timeout | undefined;

  private constructor(connection: RtspConnection, uri: string, login: Login | undefined) {
    this.#connection = connection;
    this.#uri = uri;
    this.#login = login;
  }

  /**
   * Connects and makes ready to play.
   *
   * @returns undefined where the camera sends what we do not read, or in ways that we do not speak; ffmpeg may
   * @throws KdadError CAMERA_FAILED when it cannot be reached, or refuses; the signal's reason when aborted
   */
  static async open(address: string, signal?: AbortSignal): Promise<RtspFeed | undefined> {
    const place = readAddress(address);
    if (!place) return undefined;
    let feed: RtspFeed | undefined;
    const stop = () => feed?.close();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      feed = new RtspFeed(await RtspConnection.open(place.host, place.port, signal), place.uri, place.login);
      if (await feed.#prepare()) return feed;
      feed.close();
      return undefined;
    } catch (cause) {
      feed?.close();
      signal?.throwIfAborted();
      if (cause instanceof KdadError) throw cause;
      throw new KdadError('CAMERA_FAILED', `${place.host}:${place.port}: ${(cause as Error).message}`, { cause });
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  get codec(): Codec {
    return this.#video.codec;
  }

  /**
   * Has the camera send, and writes that to `output`, which is ended when the camera or `close` ends it.
   *
   * @param onWithheld told of each picture that is not written, because it or one that it needs is damaged
   * @throws KdadError CAMERA_FAILED
   */
  async play(output: Writable, onWithheld?: (picture: EncodedPicture) => void): Promise<void> {
    const connection = this.#connection;
    const units = new AccessUnits(this.#video);
    const clean = new CleanPictures();
    output.on('drain', () => connection.resume());
    connection.onPacket = (packet, channel) => {
      if (channel !== this.#channel) return;
      for (const picture of units.push(packet)) {
        if (!clean.passes(picture)) onWithheld?.(picture);
        else if (!output.write(picture.bytes)) connection.pause();
      }
    };
    connection.onClose = () => {
      clearInterval(this.#timer);
      output.end();
    };
    try {
      this.#demand(await this.#ask('PLAY', this.#whole, { Range: 'npt=0.000-' }));
    } catch (cause) {
      this.close();
      if (cause instanceof KdadError) throw cause;
      throw new KdadError('CAMERA_FAILED', `${this.#uri}: ${(cause as Error).message}`, { cause });
    }
    this.#timer = setInterval(() => this.#ask(this.#stayAlive, this.#whole).catch(() => {}), 500 * this.#timeout);
  }

  /** Says farewell, and does not wait for the answer. */
  close(): void {
    clearInterval(this.#timer);
    if (this.#session) this.#ask('TEARDOWN', this.#whole).catch(() => {});
    this.#session = undefined;
    this.#connection.close();
  }

  /** Whether the camera sends what we read, over TCP. */
  async #prepare(): Promise<boolean> {
    const options = await this.#ask('OPTIONS', this.#uri);
    if (options.headers('Public').join().includes('GET_PARAMETER')) this.#stayAlive = 'GET_PARAMETER';
    const description = await this.#ask('DESCRIBE', this.#uri, { Accept: 'application/sdp' });
    const moved = description.status >= 300 && description.status < 400;
    const video = moved ? undefined : readDescription(this.#demand(description).body);
    if (!video) return false;
    this.#video = video;
    this.#whole = [...description.headers('Content-Base'), ...description.headers('Content-Location'), this.#uri][0];

    const setup = await this.#ask('SETUP', this.#controlUri(), { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' });
    if (setup.status === 461) return false;
    const channel = /interleaved=(\d+)/.exec(this.#demand(setup).headers('Transport').join())?.[1];
    if (channel === undefined) return false;
    this.#channel = Number(channel);
    const [session, ...parameters] = setup.headers('Session').join().split(';');
    this.#session = session.trim();
    this.#timeout = Number(/timeout=(\d+)/.exec(parameters.join())?.[1] ?? SESSION_TIMEOUT);
    return true;
  }

  #controlUri(): string {
    const { control } = this.#video;
    if (/^rtsp:/i.test(control)) return control;
    return control === '' || control === '*' ? this.#whole : `${this.#whole.replace(/\/$/, '')}/${control}`;
  }

  /** Says who we are where the camera asks for it, which it may do anew at any time. */
  async #ask(method: string, uri: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    const request = () => {
      const granted = this.#login && this.#challenge && authorisation(this.#challenge, this.#login, { method, uri });
      return this.#connection.request(method, uri, {
        ...headers,
        ...(this.#session && { Session: this.#session }),
        ...(granted && { Authorization: granted }),
      });
    };
    const response = await request();
    if (response.status !== 401 || !this.#login) return response;
    const challenges = response.headers('WWW-Authenticate');
    // Digest keeps the password to itself.
    const challenge = challenges.find((one) => /^digest/i.test(one)) ?? challenges[0];
    if (challenge === undefined || challenge === this.#challenge) return response;
    this.#challenge = challenge;
    return request();
  }

  /** @throws KdadError CAMERA_FAILED for an answer that is no success */
  #demand(response: Response): Response {
    const { status, reason } = response;
    if (status >= 200 && status < 300) return response;
    throw new KdadError('CAMERA_FAILED', `${this.#uri.replace(/\?.*/, '')}: the camera answers ${status} ${reason}`);
  }
}

/** @returns undefined for an address that we cannot make out */
function readAddress(address: string) {
  try {
    const { protocol, hostname, host, port, pathname, search, hash, username, password } = new URL(address);
    if (protocol !== 'rtsp:' || hash || !hostname) return undefined;
    const login = { user: decodeURIComponent(username), password: decodeURIComponent(password) };
    return {
      host: hostname.replace(/^\[(.*)\]$/, '$1'),
      port: Number(port || 554),
      /** Without the login. */
      uri: `rtsp://${host}${pathname}${search}`,
      login: username ? login : undefined,
    };
  } catch {
    return undefined;
  }
}
