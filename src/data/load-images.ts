import { findCores } from '../processor/cores.js';
import { decodeImage } from './image.js';
import type { Framing } from './preprocessing.js';

export interface LoadOptions {
  /** Images decoded at a time; as many as this process may use cores by default. Bounds the memory for full-size pictures. */
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
  /** Called after each image with the number of those done. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Decodes many images to the detector's input, in the order of `paths`.
 *
 * @returns RGB, images x height x width x 3
 * @throws KdadError IMAGE_UNREADABLE for the first image that cannot be read; the signal's reason when aborted
 */
export async function loadImages(
  paths: readonly string[],
  framing: Framing,
  { concurrency = findCores().usable, signal, onProgress }: LoadOptions = {},
): Promise<Uint8Array> {
  const [height, width] = framing.size;
  const frameBytes = height * width * 3;
  const frames = new Uint8Array(paths.length * frameBytes);
  const queue = paths.entries();
  let done = 0;
  let failed = false;

  const worker = async () => {
    for (const [position, path] of queue) {
      if (failed) return;
      signal?.throwIfAborted();
      frames.set(await decodeImage(path, framing), position * frameBytes);
      onProgress?.(++done, paths.length);
    }
  };
  const stopTheOthers = (error: unknown) => {
    failed = true;
    throw error;
  };
  await Promise.all(Array.from({ length: concurrency }, () => worker().catch(stopTheOthers)));
  return frames;
}
