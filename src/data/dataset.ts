import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { KdadError } from '../errors.js';

/** A labelled image. */
export interface TestImage {
  readonly path: string;
  /** Folder under `test`: `good`, or the name of a defect. */
  readonly kind: string;
  /** The image's ground truth; none where the dataset has no masks, and for good images. */
  readonly mask?: string;
}

/**
 * The images of one product. Paths are relative to `root`, with forward slashes, sorted by code unit, so that they are
 * the same on every machine.
 */
export interface Dataset {
  readonly root: string;
  /** `mvtec`: train/good, test/<kind>, ground_truth/<kind>. `folder`: nothing but good images, at any depth. */
  readonly layout: 'mvtec' | 'folder';
  readonly good: readonly string[];
  readonly tests: readonly TestImage[];
}

const imageName = /\.(png|jpe?g|bmp|webp|tiff?)$/i;

/** True for the file names that datasets and folders are searched for: PNG, JPEG, BMP, WebP, TIFF. */
export function isImageName(name: string): boolean {
  return imageName.test(name);
}

/**
 * Finds the images of a dataset in the MVTec layout, or of a plain folder of good images.
 *
 * @throws KdadError DATASET_INVALID naming the folder or the images at fault
 */
export async function findDataset(root: string): Promise<Dataset> {
  if (!(await isFolder(root))) throw new KdadError('DATASET_INVALID', `${root}: no such folder`);
  const [train, test] = await Promise.all([isFolder(join(root, 'train/good')), isFolder(join(root, 'test'))]);
  const dataset: Dataset =
    train || test
      ? {
          root,
          layout: 'mvtec',
          good: train ? await listImages(root, 'train/good') : [],
          tests: test ? await findTests(root) : [],
        }
      : { root, layout: 'folder', good: await listImages(root), tests: [] };
  if (dataset.good.length + dataset.tests.length === 0) {
    const where = dataset.layout === 'mvtec' ? `${join(root, 'train/good')} and ${join(root, 'test')}` : root;
    throw new KdadError('DATASET_INVALID', `${where}: no PNG, JPEG, BMP, WebP or TIFF images`);
  }
  return dataset;
}

/**
 * Images in a folder and the folders in it, hidden ones left out, symbolic links followed.
 *
 * @param within only below this folder of `root`
 * @returns paths relative to `root`, with forward slashes, sorted by code unit
 */
export async function listImages(root: string, within = ''): Promise<string[]> {
  const found: string[] = [];
  const walk = async (folder: string, parents: readonly string[]) => {
    const location = await realpath(join(root, folder));
    if (parents.includes(location)) return; // A link back to a folder that we are in.
    for (const { name } of await readdir(location, { withFileTypes: true })) {
      if (name.startsWith('.')) continue;
      const path = folder === '' ? name : `${folder}/${name}`;
      const info = await stat(join(location, name)).catch(() => undefined);
      if (info?.isDirectory()) await walk(path, [...parents, location]);
      else if (info?.isFile() && isImageName(name)) found.push(path);
    }
  };
  await walk(within, []);
  return found.sort();
}

async function findTests(root: string): Promise<TestImage[]> {
  const images = (await listImages(root, 'test')).map((path) => {
    const [, kind, ...rest] = path.split('/');
    if (rest.length === 0) {
      throw new KdadError(
        'DATASET_INVALID',
        `${join(root, path)}: expected in a folder that names its kind, test/<kind>`,
      );
    }
    return { path, kind };
  });
  const masks = await findMasks(root);
  const defective = images.filter(({ kind }) => kind !== 'good');
  const missing = defective.filter(({ path }) => !masks.has(maskStem(path)));
  if (missing.length > 0 && missing.length < defective.length) {
    const named = missing.slice(0, 5).map(({ path }) => `${maskStem(path)}.png`);
    const more = missing.length > 5 ? ` and ${missing.length - 5} more` : '';
    throw new KdadError('DATASET_INVALID', `${root}: masks are missing: ${named.join(', ')}${more}`);
  }
  return images.map((image) => {
    const mask = image.kind === 'good' ? undefined : masks.get(maskStem(image.path));
    return mask === undefined ? image : { ...image, mask };
  });
}

/** Masks by their path without the extension, which need not be the image's. */
async function findMasks(root: string): Promise<Map<string, string>> {
  if (!(await isFolder(join(root, 'ground_truth')))) return new Map();
  const paths = await listImages(root, 'ground_truth');
  return new Map(paths.map((path) => [path.replace(imageName, ''), path]));
}

/** `test/broken/001.png` -> `ground_truth/broken/001_mask` */
function maskStem(path: string): string {
  return `${path.replace(/^test\//, 'ground_truth/').replace(imageName, '')}_mask`;
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
