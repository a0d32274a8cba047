import { listed } from '../../common/listing.js';
import { type MatchedMasks, masksBeside, matchMasks } from './masks.js';
import { type PlacedImage, place } from './placed-image.js';
import type { LeftOut } from './scan.js';

/** What the images of a dataset are for. */
export interface Arrangement {
  readonly layout: 'split' | 'labelled' | 'masked' | 'folder';
  /** The layout in words. */
  readonly description: string;
  /** To learn from; their paths. */
  readonly good: readonly string[];
  readonly tests: readonly { readonly path: string; readonly kind: string; readonly masks?: readonly string[] }[];
  readonly leftOut: readonly LeftOut[];
  /** Paths of masks of which there is no image. */
  readonly unfitMasks: readonly string[];
}

/** Why nothing sure can be said of a folder; the message goes behind its name. */
export class UnclearLayout extends Error {}

/** Defective by their masks alone: no folder names a kind. */
const ANY_DEFECT = 'defective';

/**
 * Finds out from the names of folders and files what the images of a dataset are for: train and test folders with kinds
 * in them (MVTec, BTAD, MPDD, VisA, LOCO, Roboflow), folders of good and defective ones, masks that say it (Kolektor),
 * or a folder of good images. What might mean several things is refused, rather than learned.
 *
 * @param paths of all images and masks, relative to the dataset's folder
 * @param isMarked whether a mask marks anything; an empty one is that of a good image
 * @throws UnclearLayout
 */
export async function arrange(
  paths: readonly string[],
  isMarked: (mask: string) => Promise<boolean>,
): Promise<Arrangement> {
  const placed = paths.map(place);
  const beside = masksBeside(placed);
  const images = placed.filter((image) => !image.mask && !beside.has(image));
  const masks = placed.filter((image) => image.mask || beside.has(image));
  refuseUnclear(images);
  const matched = matchMasks(images, masks);
  const unfitMasks = matched.unfit.map(({ path }) => path);
  const labelled = await labelByMasks(images, matched, isMarked);
  const arranged = images.some(({ split }) => split)
    ? bySplit(labelled)
    : images.some(({ label }) => label)
      ? byLabel(labelled)
      : masks.length > 0
        ? byMasks(labelled, unfitMasks)
        : { layout: 'folder' as const, description: 'good images alone', good: images, tests: [], leftOut: [] };
  refuseMissingMasks(arranged.tests, matched);
  return {
    ...arranged,
    good: arranged.good.map(({ path }) => path),
    tests: arranged.tests.map((image) => {
      const kind = image.label === 'good' ? 'good' : (image.kind ?? ANY_DEFECT);
      const of = kind === 'good' ? undefined : matched.of.get(image.path);
      return { path: image.path, kind, ...(of && { masks: of }) };
    }),
    unfitMasks,
  };
}

interface Sorted {
  readonly layout: Arrangement['layout'];
  readonly description: string;
  readonly good: readonly PlacedImage[];
  readonly tests: readonly PlacedImage[];
  readonly leftOut: readonly LeftOut[];
}

function bySplit(images: readonly PlacedImage[]): Sorted {
  const of = (split: PlacedImage['split']) => images.filter((image) => image.split === split);
  const [train, test, validation, outside] = [of('train'), of('test'), of('validation'), of(undefined)];
  const tested = test.length > 0 ? test : validation;
  // anomalib's folders: normal_dir, abnormal_dir, normal_test_dir.
  const outsideOf = (label: PlacedImage['label']) =>
    train.length > 0 ? [] : outside.filter((image) => image.label === label);
  const learned = train.length > 0 ? chooseGood(train) : outsideOf('good');
  const tests = [...tested, ...outsideOf('defective')];
  const kindless = tests.filter(({ label, kind }) => !label && !kind);
  if (kindless.length > 0) {
    throw new UnclearLayout(
      `${listed(kindless.map(({ path }) => path))}: expected in a folder that names its kind, test/<kind>, or with masks`,
    );
  }
  const chosen = new Set([...learned, ...tests]);
  const leftOut = images
    .filter((image) => !chosen.has(image))
    .map(({ path, split, label }) => ({ path, why: whyNotLearned(split, label) }));
  return { layout: 'split', description: 'train and test', good: learned, tests, leftOut };
}

function whyNotLearned(split: PlacedImage['split'], label: PlacedImage['label']): string {
  if (split === 'validation') return 'for validation, where there is a test folder; eval --good or calibrate takes it';
  if (split === undefined) return 'outside of train and test';
  return label === 'defective' ? 'defective, so not learned' : 'not in the folder of good ones';
}

/** Those in a folder that means good, where there is one; else all, if none of them is known to be defective. */
function chooseGood(train: readonly PlacedImage[]): readonly PlacedImage[] {
  const good = train.filter(({ label }) => label === 'good');
  const unknown = train.filter(({ label }) => !label);
  if (good.length > 0 || unknown.length === 0) return good;
  if (unknown.length < train.length) throw new UnclearLayout(undecided(unknown, train));
  return train;
}

function byLabel(images: readonly PlacedImage[]): Sorted {
  const good = images.filter(({ label }) => label === 'good');
  const defective = images.filter(({ label }) => label === 'defective');
  const unknown = images.filter(({ label }) => !label);
  if (good.length === 0 && unknown.length > 0) throw new UnclearLayout(undecided(unknown, images));
  const leftOut = unknown.map(({ path }) => ({ path, why: 'neither good nor defective by the names of its folders' }));
  return {
    layout: 'labelled',
    description: 'folders of good and of defective images',
    good,
    tests: [...good, ...defective],
    leftOut,
  };
}

function byMasks(images: readonly PlacedImage[], unfit: readonly string[]): Sorted {
  const unknown = images.filter(({ label }) => !label);
  if (unknown.length > 0) {
    const what = unfit.length > 0 ? `masks that fit no image (${listed(unfit)})` : 'masks of some images';
    throw new UnclearLayout(`it holds ${what}, and images without a mask: ${listed(foldersOrNames(unknown))}`);
  }
  const good = images.filter(({ label }) => label === 'good');
  return {
    layout: 'masked',
    description: 'images with masks, which are empty for good ones',
    good,
    tests: images,
    leftOut: [],
  };
}

/** Where folders say nothing of an image, its masks do. */
async function labelByMasks(
  images: readonly PlacedImage[],
  { of }: MatchedMasks,
  isMarked: (mask: string) => Promise<boolean>,
): Promise<PlacedImage[]> {
  const labelled: PlacedImage[] = [];
  for (const image of images) {
    const masks = of.get(image.path);
    const named = image.label !== undefined || (image.split !== undefined && image.split !== 'train' && image.kind);
    if (named || !masks) labelled.push(image);
    else {
      const marked = await Promise.all(masks.map(isMarked));
      labelled.push({ ...image, kind: undefined, label: marked.includes(true) ? 'defective' : 'good' });
    }
  }
  return labelled;
}

function refuseUnclear(images: readonly PlacedImage[]): void {
  const of = (label: PlacedImage['label']) => [
    ...new Set(images.filter((image) => image.label === label).map(({ folder }) => folder)),
  ];
  const [contradictory, unclear] = [of('contradictory'), of('unclear')];
  if (contradictory.length > 0) {
    throw new UnclearLayout(`${listed(contradictory)}: these names mean both good and defective`);
  }
  if (unclear.length > 0) throw new UnclearLayout(`${listed(unclear)}: these names do not say which are good`);
  const binary = images.map(({ folder }) => folder.split('/').at(-1));
  if (binary.includes('0') && binary.includes('1')) {
    throw new UnclearLayout('the folders 0 and 1 do not say which are good');
  }
  const splits = images.filter(({ split }) => split);
  const placed = splits.length > 0 ? splits : images.filter(({ label }) => label);
  const products = new Set(placed.map(({ product }) => product));
  if (products.size > 1) {
    const names = [...products].map((product) => product || '.');
    throw new UnclearLayout(
      `it holds ${names.length} datasets, of several products or days: ${listed(names)}; expected one`,
    );
  }
}

function undecided(unknown: readonly PlacedImage[], all: readonly PlacedImage[]): string {
  const defective = all.filter(({ label }) => label === 'defective').map(({ folder }) => folder);
  return `beside ${listed([...new Set(defective)])} it holds ${listed(foldersOrNames(unknown))}, which may be good or not`;
}

/** Folders, or files where they lie in none. */
function foldersOrNames(images: readonly PlacedImage[]): string[] {
  return [...new Set(images.map(({ folder, path }) => folder || path))];
}

/** @throws UnclearLayout where some defective images have masks and others none */
export function refuseMissingMasks(tests: readonly PlacedImage[], { of }: MatchedMasks): void {
  const defective = tests.filter(({ label }) => label !== 'good');
  const missing = defective.filter(({ path }) => !of.has(path));
  if (missing.length > 0 && missing.length < defective.length) {
    throw new UnclearLayout(`masks are missing of ${listed(missing.map(({ path }) => path))}`);
  }
}
