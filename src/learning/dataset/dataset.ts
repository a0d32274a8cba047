import { stat } from 'node:fs/promises';
import { join, relative, resolve, sep } from 'node:path';
import { KdadError } from '../../common/errors.js';
import { listed } from '../../common/listing.js';
import { readMask } from '../../method/images/image.js';
import { arrange, UnclearLayout } from './arrange.js';
import { type ExplicitFolders, sortByFolders } from './explicit-folders.js';
import { type LeftOut, scan } from './scan.js';

/** A labelled image. */
export interface TestImage {
  readonly path: string;
  /** `good`, or the name of a defect: that of its folder. */
  readonly kind: string;
  /**
   * The image's ground truth, which several masks may share; none where the dataset has no masks, and for good images.
   */
  readonly masks?: readonly string[];
}

/**
 * The images of one product. Paths are relative to `root`, with forward slashes, sorted by code unit, so that they are
 * the same on every machine.
 */
export interface Dataset {
  readonly root: string;
  /**
   * `split`: folders of images to learn from and to test with. `labelled`, `masked`: good and defective ones, told
   * apart by folders or masks; the good ones are among the tests. `folder`: nothing but good images, at any depth.
   * `explicit`: as the command line says.
   */
  readonly layout: 'split' | 'labelled' | 'masked' | 'folder' | 'explicit';
  /** The layout in words. */
  readonly description: string;
  readonly good: readonly string[];
  readonly tests: readonly TestImage[];
  /** What was found and is in neither list. */
  readonly leftOut: readonly LeftOut[];
  /** Masks of which there is no image. */
  readonly unfitMasks: readonly string[];
}

/** Where the images are: a folder whose layout is found out, or folders by what is in them. */
export type DatasetSource = string | ({ readonly data?: string } & ExplicitFolders);

/**
 * Finds the images of a dataset, and what each is for.
 *
 * @throws KdadError DATASET_INVALID naming the folder or the images at fault
 */
export async function findDataset(source: DatasetSource): Promise<Dataset> {
  const { root, folders } = await placesOf(source);
  const { images, leftOut } = await scan(root);
  const found = await (folders
    ? sortByFolders(images, folders)
    : arrange(images, (mask) => marksAnything(join(root, mask)))
  ).catch((error) => {
    if (!(error instanceof UnclearLayout)) throw error;
    throw new KdadError('DATASET_INVALID', `${root}: ${error.message}`, { cause: error });
  });
  const dataset = { root, ...found, leftOut: [...leftOut, ...found.leftOut] };
  if (dataset.good.length + dataset.tests.length > 0) return dataset;
  const others = dataset.leftOut.map(({ path, why }) => `${path} (${why})`);
  const instead = others.length > 0 ? `; left out: ${listed(others)}` : '';
  throw new KdadError('DATASET_INVALID', `${root}: no PNG, JPEG, BMP, WebP or TIFF images${instead}`);
}

/** The images to judge: the tests or, of good images alone, those. */
export function testsOf({ layout, good, tests }: Dataset): readonly TestImage[] {
  const alone = tests.length === 0 && layout !== 'split';
  return alone ? good.map((path) => ({ path, kind: 'good' })) : tests;
}

/** A dataset's root, and its folders relative to it where they were named. */
async function placesOf(source: DatasetSource): Promise<{ root: string; folders?: Required<ExplicitFolders> }> {
  if (typeof source === 'string') return { root: source };
  const { data, good = [], defective = [], masks = [] } = source;
  const named = [...good, ...defective, ...masks];
  if (named.length === 0) {
    if (data === undefined) throw new KdadError('USAGE', 'expected --data, or --good');
    return { root: data };
  }
  const places = new Map<string, string>();
  for (const folder of named) places.set(folder, await locate(folder, data));
  const root = data ?? commonFolder([...places.values()]);
  const within = (folder: string) => {
    const path = relative(resolve(root), places.get(folder) as string);
    if (path === '..' || path.startsWith(`..${sep}`)) {
      throw new KdadError('DATASET_INVALID', `${folder}: expected a folder in ${root}`);
    }
    return path.split(sep).join('/');
  };
  return {
    root,
    folders: { good: good.map(within), defective: defective.map(within), masks: masks.map(within) },
  };
}

/** A folder by its name in the dataset's folder or, where none is there, from here. */
async function locate(folder: string, data: string | undefined): Promise<string> {
  const candidates = [...(data === undefined ? [] : [resolve(data, folder)]), resolve(folder)];
  for (const candidate of candidates)
    if ((await stat(candidate).catch(() => undefined))?.isDirectory()) return candidate;
  throw new KdadError(
    'DATASET_INVALID',
    `${folder}: no such folder${data === undefined ? '' : ` in ${data}, nor here`}`,
  );
}

function commonFolder(paths: readonly string[]): string {
  const [first, ...others] = paths.map((path) => path.split(sep));
  const length = first.findIndex((part, i) => others.some((other) => other[i] !== part));
  return (length < 0 ? first : first.slice(0, length)).join(sep) || sep;
}

/** The largest side at which a mask is looked at: small marks must not fall between. */
const MASK_SIDE = 1024;

async function marksAnything(path: string): Promise<boolean> {
  return (await readMask(path, [MASK_SIDE, MASK_SIDE])).includes(1);
}
