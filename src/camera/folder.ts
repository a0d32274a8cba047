import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { listImages } from '../data/dataset.js';
import { decodePicture, resizePicture } from '../data/image.js';
import { KdadError } from '../errors.js';
import type { FolderSource } from './settings.js';
import { type View, viewOf } from './view.js';

export interface FolderOptions {
  /** Height and width of the frames in pixels. */
  readonly size: readonly [number, number];
  /** Pictures a second. */
  readonly fps: number;
  readonly view?: View;
  readonly signal?: AbortSignal;
  /** Told of each picture that is passed over because it cannot be read. */
  readonly onWarning?: (message: string) => void;
}

/**
 * Plays the pictures of a folder and the folders in it: RGB, height x width x 3. A loop looks for new pictures each
 * time round.
 *
 * @throws KdadError IMAGE_UNREADABLE when there is no folder or no readable picture in it; the signal's reason
 */
export async function* playFolder(
  { path, loop }: FolderSource,
  { size, fps, view = {}, signal, onWarning }: FolderOptions,
): AsyncGenerator<Uint8Array, void> {
  let due = performance.now();
  do {
    let shown = 0;
    for (const name of await listPictures(path)) {
      signal?.throwIfAborted();
      const picture = await decodePicture(join(path, name)).catch((error: KdadError) => {
        onWarning?.(error.message);
        return undefined;
      });
      if (!picture) continue;
      const { pixels } = await resizePicture(viewOf(picture, view), size);
      await sleep(Math.max(0, due - performance.now()), undefined, { signal }).catch(() => signal?.throwIfAborted());
      due = Math.max(due, performance.now() - 1000 / fps) + 1000 / fps;
      shown++;
      yield pixels;
    }
    if (shown === 0) throw new KdadError('IMAGE_UNREADABLE', `${path}: no readable picture in this folder`);
  } while (loop);
}

async function listPictures(path: string): Promise<string[]> {
  try {
    return await listImages(path);
  } catch (cause) {
    throw new KdadError('IMAGE_UNREADABLE', `${path}: ${(cause as Error).message}`, { cause });
  }
}
