import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import type { Writable } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { KdadError } from '../../../common/errors.js';
import { type CameraAddress, readAddress } from '../address.js';
import type { DamageReason } from '../damage.js';
import type { Feed } from '../feed.js';
import { plain } from '../redact.js';
import { defaultSnapshotFps } from '../settings.js';
import { Jpegs } from './jpegs.js';
import { HttpCamera } from './request.js';

const BOUNDARY = 'picture';
/** ffmpeg shows nothing before so many pictures have come, which may be a long time where few are wanted. */
const AT_ONCE = 2;

/**
 * The JPEGs of one camera over HTTP: a stream of them, or one for each request, which is asked for as often as wanted
 * then.
 */
export class HttpFeed implements Feed {
  readonly format = 'mpjpeg';
  readonly paced = true;
  readonly #place: CameraAddress;
  readonly #camera: HttpCamera;
  readonly #fps: number | undefined;
  readonly #closing = new AbortController();
  #answer: IncomingMessage | undefined;
  /** When the last picture was wanted. */
  #due = 0;
  #passed = 0;
  #came: 'nothing' | 'bytes' | 'pictures' = 'nothing';

  private constructor(place: CameraAddress, fps: number | undefined) {
    this.#place = place;
    this.#camera = new HttpCamera(place);
    this.#fps = fps;
  }

  /**
   * Asks for the first time.
   *
   * @param fps pictures a second at most; of a stream all of them when absent, of a camera that is asked for each
   *   `defaultSnapshotFps`
   * @returns undefined where the camera sends no JPEGs; ffmpeg may make sense of it
   * @throws KdadError CAMERA_FAILED when it cannot be reached, refuses, or answers with a page; the signal's reason
   *   when aborted
   */
  static async open(address: string, fps?: number, signal?: AbortSignal): Promise<HttpFeed | undefined> {
    const place = readAddress(address);
    if (!place) return undefined;
    const feed = new HttpFeed(place, fps);
    const stop = () => feed.close();
    signal?.addEventListener('abort', stop, { once: true });
    try {
      feed.#answer = await feed.#camera.get(feed.#closing.signal);
      const type = plain(feed.#answer.headers['content-type'] ?? '').slice(0, 100);
      if (/^(text\/|application\/(json|xml|xhtml))/i.test(type)) {
        throw new Error(
          `the camera answers with ${type}; expected JPEGs: does the address name a page instead of the video?`,
        );
      }
      if (!/^(?!video\/|audio\/|application\/)|jpe?g|octet-stream/i.test(type)) {
        feed.close();
        return undefined;
      }
      return feed;
    } catch (cause) {
      feed.close();
      signal?.throwIfAborted();
      throw feed.#failed(cause);
    } finally {
      signal?.removeEventListener('abort', stop);
    }
  }

  get doubt(): string | undefined {
    if (this.#came === 'pictures') return undefined;
    return this.#came === 'bytes' ? 'the camera sends no whole JPEG' : 'the camera lets us in, and sends nothing';
  }

  async play(output: Writable, onWithheld?: (reason: DamageReason) => void): Promise<void> {
    try {
      // One that answers with a picture each time may fail once, or send none that is whole.
      for (let mayFail = false; ; ) {
        this.#due = Math.max(this.#due, performance.now());
        const count = await this.#playOne(output, onWithheld).catch((error) => {
          if (!mayFail) throw error;
          return undefined;
        });
        if (count === 0 && !mayFail) throw new Error('the camera answers without a whole JPEG');
        mayFail = !!count;
        if (count !== undefined && count > 1) throw new Error('the camera closed the connection');
        const period = this.#passed < AT_ONCE ? 0 : 1000 / (this.#fps ?? defaultSnapshotFps);
        await sleep(Math.max(0, this.#due + period - performance.now()), undefined, { signal: this.#closing.signal });
        this.#due += period;
      }
    } catch (cause) {
      if (!this.#closing.signal.aborted) throw this.#failed(cause);
    } finally {
      this.close();
      output.end();
    }
  }

  close(): void {
    this.#closing.abort();
    this.#answer?.destroy();
    this.#camera.close();
  }

  /** Plays one answer to its end. @returns how many pictures came */
  async #playOne(output: Writable, onWithheld?: (reason: DamageReason) => void): Promise<number> {
    const { signal } = this.#closing;
    const answer = this.#answer ?? (await this.#camera.get(signal));
    this.#answer = undefined;
    const jpegs = new Jpegs();
    let [count, broken] = [0, 0];
    const stop = () => answer.destroy();
    signal.addEventListener('abort', stop, { once: true });
    try {
      for await (const chunk of answer) {
        if (this.#came === 'nothing') this.#came = 'bytes';
        for (const jpeg of jpegs.push(chunk)) {
          this.#came = 'pictures';
          if (count++ > 0 && !this.#isWanted()) continue;
          this.#passed++;
          if (!output.write(part(jpeg))) await once(output, 'drain', { signal });
        }
        for (; broken < jpegs.broken; broken++) onWithheld?.('pictures');
      }
    } catch (error) {
      // Some promise more than the picture.
      if (count !== 1 || signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', stop);
      if (jpegs.open && !signal.aborted) onWithheld?.('pictures');
    }
    return count;
  }

  /** Each picture that passes moves the time from which the next may pass on by a period. */
  #isWanted(): boolean {
    if (this.#fps === undefined || this.#passed < AT_ONCE) return true;
    const [time, period] = [performance.now(), 1000 / this.#fps];
    if (time < this.#due + period) return false;
    this.#due = Math.max(this.#due + period, time - period);
    return true;
  }

  #failed(cause: unknown): KdadError {
    if (cause instanceof KdadError) return cause;
    const { scheme, host, port } = this.#place;
    const place = `${host}:${port ?? (scheme === 'https' ? 443 : 80)}`;
    return new KdadError('CAMERA_FAILED', `${place}: ${(cause as Error).message}`, { cause });
  }
}

/** As ffmpeg likes it. */
function part(jpeg: Buffer): Buffer {
  const head = `--${BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: ${jpeg.length}\r\n\r\n`;
  return Buffer.concat([Buffer.from(head), jpeg, Buffer.from('\r\n')]);
}
