import type { Writable } from 'node:stream';
import { KdadError } from '../../../common/errors.js';
import { type CameraAddress, readAddress } from '../address.js';
import { Authentication } from '../authentication.js';
import type { Codec } from '../codec.js';
import type { DamageReason } from '../damage.js';
import type { Feed, OnRecovery } from '../feed.js';
import { AccessUnits, type EncodedPicture } from './access-units.js';
import { CleanPictures } from './clean-pictures.js';
import { RtspConnection } from './connection.js';
import { readDescription, readMedia, type VideoDescription } from './description.js';
import type { Response } from './parser.js';

/**
 * Seconds after which a camera that hears nothing ends the session, where it does not say (RFC 2326, 12.37); and the
 * bounds of what it may say. Some say 0, or years: a keep-alive twice a minute suits any of them.
 */
const SESSION_TIMEOUT = 60;
const SHORTEST_TIMEOUT = 2;
/** Addresses that a camera may send us on to. */
const MOST_MOVES = 5;

/** The video of one RTSP camera over TCP, as it was encoded: each frame as soon as all of it has come. */
export class RtspFeed implements Feed {
  #place: CameraAddress;
  #authentication: Authentication;
  #connection!: RtspConnection;
  #video!: VideoDescription;
  /** What is played: the camera's name for all that it sends. */
  #whole!: string;
  #channel = 0;
  #session: string | undefined;
  #timeout = SESSION_TIMEOUT;
  #stayAlive = 'OPTIONS';
  #timer: NodeJS.Timeout | undefined;
  /** What has come of the video so far. */
  #came: 'nothing' | 'packets' | 'key' = 'nothing';

  private constructor(place: CameraAddress) {
    this.#place = place;
    this.#authentication = new Authentication(place.login);
  }

  /**
   * Connects and makes ready to play.
   *
   * @returns undefined where the camera sends what we do not read; ffmpeg may
   * @throws KdadError CAMERA_FAILED when it cannot be reached, refuses, or has no video over TCP; the signal's reason
   *   when aborted
   */
  static async open(address: string, signal?: AbortSignal): Promise<RtspFeed | undefined> {
    const place = readAddress(address);
    if (place?.scheme !== 'rtsp') return undefined;
    const feed = new RtspFeed(place);
    const stop = () => feed.close();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      if (await feed.#prepare(signal)) return feed;
      feed.close();
      return undefined;
    } catch (cause) {
      feed.close();
      signal?.throwIfAborted();
      throw feed.#failed(cause);
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  get format(): Codec {
    return this.#video.codec;
  }

  get doubt(): string | undefined {
    if (this.#came === 'nothing') return 'the camera lets us in, and sends nothing';
    if (this.#came === 'key') return undefined;
    const advice = 'have it send one every two seconds or so (I-frame interval, GOP), or raise firstFrameTimeout';
    return `the camera sends video, but no key frame came, and no picture can be decoded before one; ${advice}`;
  }

  async play(output: Writable, onWithheld?: (reason?: DamageReason) => void, onRecovery?: OnRecovery): Promise<void> {
    const connection = this.#connection;
    const units = new AccessUnits(this.#video);
    const clean = new CleanPictures({
      onRecovering: () => onRecovery?.('begins'),
      onRecovered: () => onRecovery?.('ends'),
    });
    output.on('drain', () => connection.resume());
    connection.onPacket = (packet, channel) => {
      if (channel !== this.#channel) return;
      if (this.#came === 'nothing') this.#came = 'packets';
      for (const picture of units.push(packet)) {
        if (picture.key || picture.recovery !== undefined) this.#came = 'key';
        if (!clean.passes(picture)) onWithheld?.(reasonOf(picture));
        else if (!output.write(picture.bytes)) connection.pause();
      }
    };
    const closed = new Promise<void>((resolve, reject) => {
      connection.onClose = (failure) => {
        clearInterval(this.#timer);
        if (failure) reject(failure);
        else resolve();
      };
    });
    const begin = async () => {
      const stayAlive = () => this.#ask(this.#stayAlive, this.#whole).catch(() => {});
      this.#timer = setInterval(stayAlive, 500 * this.#timeout);
      await this.#begin();
      await closed;
    };
    try {
      // A camera may send without a word.
      await Promise.all([begin(), closed]);
    } catch (cause) {
      this.close();
      throw this.#failed(cause);
    } finally {
      output.end();
    }
  }

  close(): void {
    clearInterval(this.#timer);
    if (this.#session) this.#ask('TEARDOWN', this.#whole).catch(() => {});
    this.#session = undefined;
    this.#connection?.close();
  }

  /** Whether the camera sends what we read. */
  async #prepare(signal?: AbortSignal): Promise<boolean> {
    const description = this.#demand('DESCRIBE', await this.#describe(signal));
    const video = readDescription(description.body);
    const media = readMedia(description.body);
    if (media.length > 0 && !media.includes('video')) {
      const hint = 'expected video; does the address name another of its streams?';
      throw new Error(`the camera offers no video at this address (${media.join(', ').slice(0, 100)}); ${hint}`);
    }
    if (!video) return false;
    this.#video = video;
    const based = [...description.headers('Content-Base'), ...description.headers('Content-Location')];
    const base = this.#absolute(based.find((one) => one !== '') ?? this.#place.bare);
    this.#whole = /^rtsps?:\/\//i.test(video.session ?? '') ? (video.session as string) : base;
    await this.#setUp();
    return true;
  }

  /** Connects, and asks what there is, wherever the camera sends us. */
  async #describe(signal?: AbortSignal): Promise<Response> {
    for (let moves = 0; ; moves++) {
      await this.#connect(signal);
      const description = await this.#askDescription(signal);
      const [location] = description.status >= 300 && description.status < 400 ? description.headers('Location') : [];
      const moved = readAddress(location ?? '');
      if (moved?.scheme !== 'rtsp') return description;
      if (moves === MOST_MOVES) throw new Error('the camera sends us from one address to the next without end');
      this.#connection.close();
      if (moved.login) this.#authentication = new Authentication(moved.login);
      // Whoever is elsewhere gets the password from nobody.
      else if (moved.host !== this.#place.host) this.#authentication = new Authentication(undefined);
      this.#place = moved;
    }
  }

  async #askDescription(signal?: AbortSignal): Promise<Response> {
    const ask = () => this.#ask('DESCRIBE', this.#place.bare, { Accept: 'application/sdp' });
    try {
      const options = await this.#ask('OPTIONS', this.#place.bare);
      if (options.headers('Public').join().includes('GET_PARAMETER')) this.#stayAlive = 'GET_PARAMETER';
      return await ask();
    } catch (error) {
      if (signal?.aborted) throw error;
      // Some hang up when asked for what they can do.
      await this.#connect(signal);
      return ask();
    }
  }

  async #connect(signal?: AbortSignal): Promise<void> {
    this.#connection = await RtspConnection.open(this.#place.host, this.#place.port ?? 554, signal);
  }

  async #setUp(): Promise<void> {
    const setup = await this.#ask('SETUP', this.#track, { Transport: 'RTP/AVP/TCP;unicast;interleaved=0-1' });
    const transport = setup.headers('Transport').join();
    const channel = /interleaved\s*=\s*(\d+)/i.exec(transport)?.[1];
    if (setup.status === 461 || (channel === undefined && /RTP\/AVP(\/UDP)?\s*(;|$)/i.test(transport))) {
      throw new Error(
        'the camera does not send over TCP; set transport: udp for it, or allow RTP over TCP in its settings',
      );
    }
    this.#demand('SETUP', setup);
    this.#channel = Number(channel ?? 0);
    const [session, ...parameters] = setup.headers('Session').join().split(';');
    this.#session = session.trim() || undefined;
    const timeout = Number(/timeout\s*=\s*"?(\d+)/i.exec(parameters.join(';'))?.[1] ?? 0);
    this.#timeout = timeout > 0 ? Math.max(SHORTEST_TIMEOUT, Math.min(SESSION_TIMEOUT, timeout)) : SESSION_TIMEOUT;
  }

  /** Some know no ranges, and some play each track by itself. */
  async #begin(): Promise<void> {
    let answer = await this.#ask('PLAY', this.#whole, { Range: 'npt=0.000-' });
    if (answer.status === 457) answer = await this.#ask('PLAY', this.#whole);
    if (answer.status === 459 || answer.status === 460) answer = await this.#ask('PLAY', this.#track);
    this.#demand('PLAY', answer);
  }

  /** The address of the video alone. */
  get #track(): string {
    const { control } = this.#video;
    if (control === '' || control === '*') return this.#whole;
    if (/^rtsps?:\/\//i.test(control) || control.startsWith('/')) return this.#absolute(control);
    return `${this.#whole.replace(/\/$/, '')}/${control}`;
  }

  #absolute(address: string): string {
    if (!address.startsWith('/')) return /^rtsps?:\/\//i.test(address) ? address : this.#place.bare;
    return `${this.#place.bare.slice(0, this.#place.bare.length - this.#place.target.length)}${address}`;
  }

  #ask(method: string, uri: string, headers: Readonly<Record<string, string>> = {}): Promise<Response> {
    return this.#authentication.request(
      { method, uri },
      (granted) =>
        this.#connection.request(method, uri, {
          ...headers,
          ...(this.#session && { Session: this.#session }),
          ...(granted && { Authorization: granted }),
        }),
      (response) => (response.status === 401 ? response.headers('WWW-Authenticate') : undefined),
    );
  }

  /** @throws Error for an answer that is no success */
  #demand(method: string, response: Response): Response {
    const { status, reason } = response;
    if (status >= 200 && status < 300) return response;
    throw new Error(`the camera answers ${status} ${reason} to ${method}`);
  }

  #failed(cause: unknown): KdadError {
    if (cause instanceof KdadError) return cause;
    const { host, port } = this.#place;
    return new KdadError('CAMERA_FAILED', `${host}:${port ?? 554}: ${(cause as Error).message}`, { cause });
  }
}

/** Undefined for a picture that is whole, and needs one that is not. */
function reasonOf({ damage, afterGap }: EncodedPicture): DamageReason | undefined {
  if (damage === 'cut') return 'marker';
  return damage || afterGap ? 'packets' : undefined;
}
