import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { finished } from 'node:stream/promises';
import { KdadError } from '../../common/errors.js';
import { mixSeeds, randomFrom } from '../../common/random.js';
import type { Ffmpeg } from '../../line/camera/ffmpeg/ffmpeg.js';
import { PICTURE, type Product } from './products/product.js';
import { renderPart, withSensorNoise } from './render.js';

/** One part on the line; good without a kind of defect. */
export interface PlannedPart {
  readonly seed: number;
  readonly kind?: string;
}

/** Frames a second of the line's camera. */
export const FPS = 5;
/** For so long each part stands before the camera. */
export const SECONDS_A_PART = 2;
export const FRAMES_A_PART = FPS * SECONDS_A_PART;

/** Every so many parts one is defective: alerts need good parts in between to close. */
const DEFECTIVE_EVERY = 4;

/** A line on which every kind of defect comes once, with good parts in between. */
export function planLine(product: Product, seed: number): PlannedPart[] {
  const kinds = Object.keys(product.kinds);
  return Array.from({ length: DEFECTIVE_EVERY * kinds.length }, (_, position) => {
    const last = position % DEFECTIVE_EVERY === DEFECTIVE_EVERY - 1;
    const kind = last ? kinds[Math.floor(position / DEFECTIVE_EVERY)] : undefined;
    return { seed: mixSeeds(seed, 1000 + position), kind };
  });
}

/** The part that a frame shows; the line begins again at its end. */
export function partOf<Part>(line: readonly Part[], frame: number): { round: number; position: number; part: Part } {
  const passed = Math.floor(frame / FRAMES_A_PART);
  const position = passed % line.length;
  return { round: Math.floor(passed / line.length), position, part: line[position] };
}

/**
 * Renders the line as a video, every frame with its own sensor noise. Motion JPEG: every ffmpeg can write it.
 * @throws KdadError FFMPEG_FAILED
 */
export async function renderVideo(
  product: Product,
  line: readonly PlannedPart[],
  path: string,
  ffmpeg: Ffmpeg,
  onProgress?: (done: number, total: number) => void,
): Promise<void> {
  const input = ['-f', 'rawvideo', '-pix_fmt', 'rgb24', '-s', `${PICTURE}x${PICTURE}`, '-r', String(FPS), '-i', '-'];
  const output = ['-c:v', 'mjpeg', '-q:v', '2', '-pix_fmt', 'yuvj444p', '-y', path];
  const encoder = spawn(ffmpeg.path, ['-loglevel', 'error', ...input, ...output], {
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  const exited = once(encoder, 'exit');
  let log = '';
  encoder.stderr.on('data', (chunk) => {
    log += chunk;
  });
  // It may end early: its exit code and log tell more than the broken pipe.
  encoder.stdin.on('error', () => {});
  for (const [position, { seed, kind }] of line.entries()) {
    const { picture } = await renderPart(product, seed, kind);
    const random = randomFrom(mixSeeds(seed, 7));
    for (let frame = 0; frame < FRAMES_A_PART; frame++) {
      const writable = encoder.stdin.write(withSensorNoise(picture, random).pixels);
      if (!writable) await Promise.race([new Promise((resolve) => encoder.stdin.once('drain', resolve)), exited]);
    }
    onProgress?.(position + 1, line.length);
  }
  encoder.stdin.end();
  const [code] = await exited;
  if (code !== 0) throw new KdadError('FFMPEG_FAILED', `${path}: ffmpeg could not write the video: ${log.trim()}`);
  await finished(encoder.stderr).catch(() => {});
}
