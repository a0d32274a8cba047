import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KdadError } from '../../common/errors.js';
import type { Ffmpeg } from '../../line/camera/ffmpeg/ffmpeg.js';

const run = promisify(execFile);

/** What clips are encoded with. */
export interface Encoder {
  readonly codec: 'h264' | 'mjpeg';
  readonly options: readonly string[];
}

/** As cameras send it: no frames that wait for later ones, and a key frame every other second. */
const h264: Record<string, readonly string[]> = {
  libx264: ['-preset', 'veryfast', '-crf', '23', '-bf', '0'],
  libopenh264: ['-b:v', '4M'],
};
const mjpeg: Encoder = { codec: 'mjpeg', options: ['-c:v', 'mjpeg', '-q:v', '4', '-pix_fmt', 'yuvj420p'] };

/** H.264 where this ffmpeg can write it, else Motion JPEG, which every ffmpeg can. */
export async function findEncoder(ffmpeg: Ffmpeg): Promise<Encoder> {
  const { stdout } = await run(ffmpeg.path, ['-hide_banner', '-encoders']);
  const name = Object.keys(h264).find((encoder) => stdout.includes(` ${encoder} `));
  if (name === undefined) return mjpeg;
  return { codec: 'h264', options: ['-c:v', name, ...h264[name], '-pix_fmt', 'yuv420p'] };
}

export interface ClipShape {
  /** In pixels, of a picture of 16:9. */
  readonly height: number;
  readonly fps: number;
  readonly seconds: number;
}

/** Clips of one still picture under a sensor's noise, each made when it is asked for first. */
export class Clips {
  readonly #picture: string;
  readonly #folder: string;
  readonly #ffmpeg: Ffmpeg;
  readonly #encoder: Encoder;
  readonly #signal: AbortSignal | undefined;
  readonly #made = new Map<string, Promise<string>>();

  constructor(options: {
    /** A picture of any size; it is stretched, and a camera's frames are shrunk to the same again. */
    readonly picture: string;
    readonly folder: string;
    readonly ffmpeg: Ffmpeg;
    readonly encoder: Encoder;
    readonly signal?: AbortSignal;
  }) {
    this.#picture = options.picture;
    this.#folder = options.folder;
    this.#ffmpeg = options.ffmpeg;
    this.#encoder = options.encoder;
    this.#signal = options.signal;
  }

  get codec(): Encoder['codec'] {
    return this.#encoder.codec;
  }

  /** @returns its path @throws KdadError BENCH_FAILED */
  make(shape: ClipShape): Promise<string> {
    const name = `${shape.height}p-${shape.fps}-${shape.seconds}.${this.codec === 'h264' ? 'mp4' : 'avi'}`;
    const made = this.#made.get(name) ?? this.#encode(join(this.#folder, name), shape);
    this.#made.set(name, made);
    return made;
  }

  async #encode(path: string, { height, fps, seconds }: ClipShape): Promise<string> {
    const input = ['-loop', '1', '-framerate', String(fps), '-i', `file:${this.#picture}`];
    const filters = `scale=${Math.round((height * 16) / 9)}:${height},noise=alls=4:allf=t`;
    const output = ['-t', String(seconds), ...this.#encoder.options, '-g', String(2 * fps), '-y', path];
    try {
      const args = ['-nostdin', '-loglevel', 'error', ...input, '-vf', filters, ...output];
      await run(this.#ffmpeg.path, args, { signal: this.#signal });
    } catch (cause) {
      this.#signal?.throwIfAborted();
      throw new KdadError('BENCH_FAILED', `${this.#ffmpeg.path} could not write a clip: ${(cause as Error).message}`, {
        cause,
      });
    }
    return path;
  }
}
