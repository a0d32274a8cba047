import { KdadError } from '../../common/errors.js';
import type { Feed } from './feed.js';
import type { StreamSource } from './ffmpeg/command.js';
import { type DecodeOptions, decode } from './ffmpeg/decode.js';
import { HttpFeed } from './http/feed.js';
import { RtspFeed } from './rtsp/feed.js';

/** Who reads a network camera: we ourselves, or ffmpeg. */
type Reader = 'own' | 'ffmpeg';

/** Milliseconds of frames after which a reader is known to get on with a camera. */
const STEADY = 10_000;

/** Remembers which reader gets on with one camera. */
export class Readers {
  #first: Reader = 'own';
  #ownIsSteady = false;

  /** Whom to try, one after the other. */
  get order(): readonly Reader[] {
    return this.#first === 'own' ? ['own', 'ffmpeg'] : ['ffmpeg', 'own'];
  }

  /** Frames came for so many milliseconds. A camera that does not hold may get on better with the other reader. */
  brought(reader: Reader, milliseconds: number): void {
    const steady = milliseconds >= STEADY;
    this.#ownIsSteady ||= steady && reader === 'own';
    // Where both get on, we are quicker.
    if (this.#ownIsSteady) this.#first = 'own';
    else this.#first = steady === (reader === 'own') ? 'own' : 'ffmpeg';
  }
}

/**
 * The frames of one connection to a source, see `decode`. Network cameras are read by ourselves: reading them, ffmpeg
 * knows the end of a frame only when the next one begins, and it is less liberal with HTTP. Where we get no frame,
 * whatever the reason, ffmpeg tries; what worked goes first the next time.
 *
 * @throws KdadError FFMPEG_FAILED, CAMERA_FAILED: of several attempts that of our own; the signal's reason when aborted
 */
export async function* readFrames(
  source: StreamSource,
  options: Omit<DecodeOptions, 'feed'>,
  readers: Readers,
): AsyncGenerator<Uint8Array, void> {
  if (!isReadByUs(source)) return yield* decode(source, options);
  const failures = new Map<Reader, KdadError>();
  for (const reader of readers.order) {
    let since: number | undefined;
    try {
      const feed = reader === 'own' ? await openFeed(source, options) : undefined;
      if (reader === 'own' && !feed) continue;
      for await (const frame of decode(source, { ...options, feed })) {
        since ??= performance.now();
        yield frame;
      }
    } catch (error) {
      if (!(error instanceof KdadError) || since !== undefined || isNobodyThere(error)) throw error;
      failures.set(reader, error);
    } finally {
      if (since !== undefined) readers.brought(reader, performance.now() - since);
    }
    if (since !== undefined) return;
  }
  const [own, other] = [failures.get('own'), failures.get('ffmpeg')];
  if (!own || !other) throw own ?? other ?? new KdadError('CAMERA_FAILED', 'the source ended without a frame');
  throw new KdadError(own.code, `${own.message}\n  ${other.message.replace(/^ffmpeg/, 'ffmpeg, tried then,')}`, {
    cause: own,
  });
}

function isReadByUs(source: StreamSource): boolean {
  return (source.kind === 'rtsp' && source.transport !== 'udp') || source.kind === 'mjpeg';
}

/** Where nothing answers, nobody else gets an answer. */
function isNobodyThere({ cause }: KdadError): boolean {
  return ['connect', 'getaddrinfo'].includes((cause as NodeJS.ErrnoException | undefined)?.syscall ?? '');
}

/** @returns undefined for what ffmpeg has to read */
async function openFeed(
  source: StreamSource,
  { fps, patience, signal }: Pick<DecodeOptions, 'fps' | 'patience' | 'signal'>,
): Promise<Feed | undefined> {
  if (source.kind !== 'rtsp' && source.kind !== 'mjpeg') return undefined;
  const limit = patience?.firstFrame;
  const giveUp = new AbortController();
  const abort = () => giveUp.abort(signal?.reason);
  const late = () =>
    giveUp.abort(new KdadError('CAMERA_FAILED', `no answer from the camera within ${(limit as number) / 1000} s`));
  const timer = limit === undefined ? undefined : setTimeout(late, limit);
  if (signal?.aborted) abort();
  signal?.addEventListener('abort', abort, { once: true });
  try {
    if (source.kind === 'mjpeg') return await HttpFeed.open(source.url, fps, giveUp.signal);
    return await RtspFeed.open(source.url, giveUp.signal);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', abort);
  }
}
