import { join } from 'node:path';
import { KdadError } from '../../common/errors.js';
import { findCores } from '../../common/processor/cores.js';
import { mixSeeds, randomFrom } from '../../common/random.js';
import { decodePicture } from '../../method/images/image.js';
import type { Picture } from '../../method/images/picture.js';
import { listImages } from '../dataset/scan.js';
import { shuffle } from '../dataset/split.js';
import type { ImageSource } from '../distillation/image-source.js';
import { randomCrop } from './crops.js';

/** Pictures whose crops are mixed: decoding one gives many crops, which must not come one after the other. */
const PICTURES_MIXED = 48;

/** Crops of one picture in a row, by its area: a photograph shows more than a texture. */
const CROPS = { least: 4, most: 32 };

/** Crops of a held-out picture. */
const HELD_OUT_CROPS = 4;
const MOST_HELD_OUT = 64;

export interface CorpusOptions {
  /** Height and width of the crops. */
  readonly size: number;
  /** Crops that count as one epoch: between two looks at the held-out pictures. */
  readonly epoch: number;
  readonly seed: number;
  /** A picture that cannot be read, or is too small, is told once and left out. */
  readonly onSkip?: (error: KdadError) => void;
}

/** A broad corpus of ordinary pictures, as random crops. */
export interface Corpus {
  readonly pictures: number;
  readonly training: ImageSource;
  readonly validation: readonly Uint8Array[];
}

/**
 * Pictures in `folders`, at any depth; one in fifty, at most 64, is held out.
 * @throws KdadError DATASET_INVALID when there are too few
 */
export async function openCorpus(folders: readonly string[], options: CorpusOptions): Promise<Corpus> {
  const listed = await Promise.all(folders.map(list));
  const paths = shuffle(listed.flat(), options.seed);
  if (paths.length < 2) {
    throw new KdadError('DATASET_INVALID', `${folders.join(', ')}: ${paths.length} pictures; a corpus needs thousands`);
  }
  const held = Math.min(MOST_HELD_OUT, Math.ceil(paths.length / 50));
  const reader = new PictureReader(options);
  const validation = await reader.crops(paths.slice(0, held), options.seed, () => HELD_OUT_CROPS);
  if (validation.length === 0) {
    throw new KdadError('DATASET_INVALID', `${folders.join(', ')}: none of the first pictures can be used`);
  }
  return { pictures: paths.length, training: endless(paths.slice(held), reader, options), validation };
}

async function list(folder: string): Promise<string[]> {
  const names = await listImages(folder).catch((error: Error) => {
    throw new KdadError('DATASET_INVALID', `${folder}: cannot be read (${error.message})`, { cause: error });
  });
  return names.map((name) => join(folder, name));
}

/** Crops of all pictures in turn, over and over; an epoch goes on where the one before it stopped. */
function endless(
  paths: readonly string[],
  reader: PictureReader,
  { size, epoch: count, seed }: CorpusOptions,
): ImageSource {
  const cropsOf = ({ width, height }: Picture) =>
    Math.round(Math.min(CROPS.most, Math.max(CROPS.least, (width * height) / (4 * size * size))));
  let stream: AsyncGenerator<Uint8Array> | undefined;
  const open = async function* (epoch: number) {
    for (let round = epoch; ; round++) {
      const order = shuffle(paths, seed, round);
      const read = (start: number) =>
        reader.crops(order.slice(start, start + PICTURES_MIXED), mixSeeds(seed, round, start), cropsOf);
      let [next, found] = [read(0), 0];
      for (let start = 0; start < order.length; start += PICTURES_MIXED) {
        const crops = await next;
        next = read(start + PICTURES_MIXED);
        found += crops.length;
        yield* shuffle(crops, seed, round + start);
      }
      if (found === 0) throw new KdadError('DATASET_INVALID', 'no picture of the corpus can be read any more');
    }
  };
  return {
    count,
    async *batches(epoch, batch) {
      stream ??= open(epoch);
      for (let done = 0; done < count; done += batch) {
        const crops: Uint8Array[] = [];
        while (crops.length < Math.min(batch, count - done)) crops.push((await stream.next()).value);
        yield crops;
      }
    },
  };
}

/** Decodes pictures and cuts them; those it cannot use it leaves out. */
class PictureReader {
  readonly #options: CorpusOptions;
  readonly #unusable = new Set<string>();

  constructor(options: CorpusOptions) {
    this.#options = options;
  }

  /** The same crops for the same pictures and seed. */
  async crops(paths: readonly string[], seed: number, cropsOf: (picture: Picture) => number): Promise<Uint8Array[]> {
    const found: Uint8Array[][] = paths.map(() => []);
    const queue = paths.entries();
    const worker = async () => {
      for (const [position, path] of queue) {
        const picture = await this.#read(path);
        if (!picture) continue;
        const random = randomFrom(mixSeeds(seed, position));
        for (let crops = cropsOf(picture); crops > 0; crops--) {
          found[position].push(await randomCrop(picture, this.#options.size, random));
        }
      }
    };
    await Promise.all(Array.from({ length: findCores().usable }, worker));
    return found.flat();
  }

  async #read(path: string): Promise<Picture | undefined> {
    if (this.#unusable.has(path)) return undefined;
    try {
      const picture = await decodePicture(path);
      const { size } = this.#options;
      if (Math.min(picture.width, picture.height) >= size / 2) return picture;
      throw new KdadError('IMAGE_UNREADABLE', `${path}: ${picture.width} x ${picture.height}, too small for a corpus`);
    } catch (error) {
      if (!(error instanceof KdadError)) throw error;
      this.#unusable.add(path);
      this.#options.onSkip?.(error);
      return undefined;
    }
  }
}
