import type { PlacedImage } from './placed-image.js';

/** `part_mask`, `part-GT`, `part.label`: what people hang on to the name of a picture to name its mask. */
const suffix = /[ _.-](mask|masks|gt|label|labels|seg|segmentation|groundtruth|ground_truth|anno|annotation)$/;

/** Which image has which masks, and which masks are of none. */
export interface MatchedMasks {
  /** By the path of the image. */
  readonly of: ReadonlyMap<string, readonly string[]>;
  readonly unfit: readonly PlacedImage[];
}

/**
 * Masks that lie beside their picture (KolektorSDD: `Part0.jpg`, `Part0_label.bmp`): both names are there, and one is
 * the other with a suffix.
 */
export function masksBeside(images: readonly PlacedImage[]): Set<PlacedImage> {
  const names = new Set(images.filter(({ mask }) => !mask).map(({ folder, stem }) => `${folder}/${stem}`));
  return new Set(
    images.filter(
      ({ folder, stem, mask }) => !mask && suffix.test(stem) && names.has(`${folder}/${stem.replace(suffix, '')}`),
    ),
  );
}

/**
 * Finds the image of each mask: the same name, with or without a suffix, in the folder of the same kind; or a folder of
 * that name with several masks (MVTec LOCO). Where the folders tell nothing, a name that only one image has is enough.
 */
export function matchMasks(images: readonly PlacedImage[], masks: readonly PlacedImage[]): MatchedMasks {
  const byPlace = group(images, ({ within, stem }) => `${within.join('/')}/${stem}`);
  const byName = group(images, ({ stem }) => stem);
  const kinds = new Set(images.map(({ within }) => within.join('/')));
  const of = new Map<string, string[]>();
  const unfit: PlacedImage[] = [];
  for (const mask of masks) {
    const fitting = ({ split }: PlacedImage) => !mask.split || !split || mask.split === split;
    const names = possibleNames(mask);
    const inPlace = names.map(({ within, stem }) => byPlace.get(`${within.join('/')}/${stem}`) ?? []);
    // The masks of LOCO have numbers that other images have for their names.
    const elsewhere = names
      .filter(({ within }) => within.length === 0 || !kinds.has(within.join('/')))
      .map(({ stem }) => byName.get(stem) ?? []);
    const candidates = [...inPlace, ...elsewhere]
      .map((found) => found.filter(fitting))
      .find((found) => found.length > 0);
    const image = candidates && theOne(candidates);
    if (image) of.set(image.path, [...(of.get(image.path) ?? []), mask.path]);
    else if (!candidates?.every(({ label }) => label === 'good')) unfit.push(mask);
  }
  return { of, unfit };
}

function possibleNames({ within, stem }: PlacedImage): { within: readonly string[]; stem: string }[] {
  const folder = within.at(-1);
  return [
    { within, stem: stem.replace(suffix, '') },
    { within, stem },
    ...(folder === undefined ? [] : [{ within: within.slice(0, -1), stem: folder }]),
  ];
}

/** Good images have no masks, or empty ones, and those in `train` are not judged; undefined where several are left. */
function theOne(candidates: readonly PlacedImage[]): PlacedImage | undefined {
  const defective = candidates.filter(({ label }) => label !== 'good');
  const judged = defective.filter(({ split }) => split !== 'train');
  return [candidates, defective, judged].find((images) => images.length === 1)?.[0];
}

function group<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>();
  for (const item of items) {
    const key = keyOf(item);
    const present = groups.get(key);
    if (present) present.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
