import { shuffle } from '../dataset/split.js';

/** Where training images come from, uint8 RGB, one array an image. */
export interface ImageSource {
  /** Images in an epoch. */
  readonly count: number;
  /** The images of one epoch (counted from 1) in its own order; the last batch may be smaller. */
  batches(epoch: number, batch: number): Iterable<readonly Uint8Array[]> | AsyncIterable<readonly Uint8Array[]>;
}

/** The same images in every epoch, shuffled. */
export function shuffledImages(images: readonly Uint8Array[], seed: number): ImageSource {
  return {
    count: images.length,
    *batches(epoch, batch) {
      const order = shuffle(images, seed, epoch);
      for (let start = 0; start < order.length; start += batch) yield order.slice(start, start + batch);
    },
  };
}
