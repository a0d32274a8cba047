import { findCores } from '../../common/processor/cores.js';
import { decodeImage, type Surveyed, surveyPicture } from './image.js';
import type { Framing } from './preprocessing.js';
import { bitsFor, type SampleBits } from './sample-bits.js';
import { Unreadable } from './unreadable.js';

export interface LoadOptions {
  /**
   * Images decoded at a time; as many as this process may use cores by default. Bounds the memory for full-size
   * pictures.
   */
  readonly concurrency?: number;
  readonly signal?: AbortSignal;
  /** Called after each image with the number of those done. */
  readonly onProgress?: (done: number, total: number) => void;
  /** Takes what cannot be read, whose place stays black; all of it is an error otherwise. */
  readonly unreadable?: Unreadable;
}

/**
 * Decodes many images to the detector's input, in the order of `paths`.
 *
 * @returns RGB, images x height x width x 3
 * @throws KdadError IMAGE_UNREADABLE for all images that cannot be read, when the others have been; the signal's reason
 *   when aborted
 */
export async function loadImages(
  paths: readonly string[],
  framing: Framing,
  { unreadable, ...options }: LoadOptions = {},
): Promise<Uint8Array> {
  const [height, width] = framing.size;
  const frameBytes = height * width * 3;
  const frames = new Uint8Array(paths.length * frameBytes);
  const failed = unreadable ?? new Unreadable();
  await forEach(paths, options, async (path, position) => {
    const frame = await decodeImage(path, framing).catch((error) => failed.add(error));
    if (frame) frames.set(frame, position * frameBytes);
  });
  if (!unreadable) failed.throwIfAny();
  return frames;
}

/** What is decided over all images together. */
export interface Survey {
  /** Of those that can be read; `loadImages` names the others. */
  readonly sizes: readonly Pick<Surveyed, 'width' | 'height'>[];
  /** The fewest bits that hold all samples of the 16-bit files; null where all have 8. */
  readonly sampleBits: SampleBits | null;
}

/** Looks at many images before the first is decoded for good. @throws the signal's reason when aborted */
export async function surveyImages(paths: readonly string[], options: LoadOptions = {}): Promise<Survey> {
  const ignored = new Unreadable();
  const pictures = new Array<Surveyed | undefined>(paths.length);
  await forEach(paths, options, async (path, position) => {
    pictures[position] = (await surveyPicture(path).catch((error) => ignored.add(error))) ?? undefined;
  });
  const sizes = pictures.filter((picture) => picture !== undefined);
  const largest = sizes.reduce((most, picture) => Math.max(most, picture.largest ?? -1), -1);
  return { sizes, sampleBits: largest < 0 ? null : bitsFor(largest) };
}

async function forEach(
  paths: readonly string[],
  { concurrency = findCores().usable, signal, onProgress }: LoadOptions,
  work: (path: string, position: number) => Promise<void>,
): Promise<void> {
  const queue = paths.entries();
  let done = 0;
  let failed = false;
  const worker = async () => {
    for (const [position, path] of queue) {
      if (failed) return;
      signal?.throwIfAborted();
      await work(path, position);
      onProgress?.(++done, paths.length);
    }
  };
  const stopTheOthers = (error: unknown) => {
    failed = true;
    throw error;
  };
  await Promise.all(Array.from({ length: concurrency }, () => worker().catch(stopTheOthers)));
}
