import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { KdadError } from '../../common/errors.js';
import { notUtf8, scan } from '../../learning/dataset/scan.js';
import { decodeImage, decodePicture, framePicture } from '../../method/images/image.js';
import type { KnownBits } from '../../method/images/sample-bits.js';
import type { FolderSource } from './settings.js';
import { type View, viewOf } from './view.js';

export interface FolderOptions {
  /** Height and width of the frames in pixels. */
  readonly size: readonly [number, number];
  /** See `Framing`. */
  readonly aspect?: number;
  /** Pictures a second. */
  readonly fps: number;
  readonly view?: View;
  /** What 16-bit files mean to the model. */
  readonly sampleBits?: KnownBits;
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
  options: FolderOptions,
): AsyncGenerator<Uint8Array, void> {
  const { fps, signal, onWarning } = options;
  let due = performance.now();
  do {
    let shown = 0;
    for (const name of await listPictures(path, onWarning)) {
      signal?.throwIfAborted();
      const pixels = await look(join(path, name), options).catch((error: Error) => {
        onWarning?.(error.message);
        return undefined;
      });
      if (!pixels) continue;
      await sleep(Math.max(0, due - performance.now()), undefined, { signal }).catch(() => signal?.throwIfAborted());
      due = Math.max(due, performance.now() - 1000 / fps) + 1000 / fps;
      shown++;
      yield pixels;
    }
    if (shown === 0) throw new KdadError('IMAGE_UNREADABLE', `${path}: no readable picture in this folder`);
  } while (loop);
}

/** A picture as the detector sees it. A whole one is shrunk while it is decoded, which takes least memory. */
async function look(path: string, { size, aspect, view = {}, sampleBits }: FolderOptions): Promise<Uint8Array> {
  if (!view.rotate && !view.crop) return decodeImage(path, { size, aspect, sampleBits });
  const picture = await viewOf(await decodePicture(path, sampleBits), view);
  return (await framePicture(picture, { size, aspect })).pixels;
}

async function listPictures(path: string, onWarning: FolderOptions['onWarning']): Promise<readonly string[]> {
  try {
    const { images, leftOut } = await scan(path);
    for (const one of leftOut) if (one.why === notUtf8) onWarning?.(`${join(path, one.path)}: ${one.why}`);
    return images;
  } catch (cause) {
    throw new KdadError('IMAGE_UNREADABLE', (cause as Error).message, { cause });
  }
}
