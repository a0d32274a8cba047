import type { Split } from '../dataset/split.js';

/** So many parts are the good images divided into. */
const FOLDS = 5;

/** A good image, decoded. */
export interface GoodImage {
  /** Its path in the dataset. */
  readonly name: string;
  /** uint8 RGB. */
  readonly frame: Uint8Array;
  /** The same in another light, with noise and so on, see `degraded`; where the recipe wants that. */
  readonly copy?: Uint8Array;
  /** The student does not learn from fold 0. */
  readonly fold: number;
}

/** The images of a split: those that are held out are fold 0, the others are dealt into the folds from 1 on. */
export function foldImages(
  { training, validation }: Split,
  frames: readonly Uint8Array[],
  copies: readonly Uint8Array[] = [],
): GoodImage[] {
  return [...validation, ...training].map((name, i) => {
    const fold = i < validation.length ? 0 : 1 + ((i - validation.length) % (FOLDS - 1));
    return { name, frame: frames[i], copy: copies[i], fold };
  });
}

/** The pictures of every fold: the images, and their copies. */
export function picturesByFold(images: readonly GoodImage[]): Uint8Array[][] {
  return Array.from({ length: FOLDS }, (_, fold) => images.filter((image) => image.fold === fold).flatMap(picturesOf));
}

/** An image, and its copy. */
export const picturesOf = ({ frame, copy }: GoodImage): Uint8Array[] => (copy ? [frame, copy] : [frame]);
