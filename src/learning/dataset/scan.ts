import type { Dirent } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { KdadError } from '../../common/errors.js';

/** A file or folder that was found and not taken. */
export interface LeftOut {
  /** Relative to the folder that was searched. */
  readonly path: string;
  readonly why: string;
}

/** What a folder holds. Paths are relative to it, with forward slashes, sorted by code unit. */
export interface Scan {
  readonly images: readonly string[];
  readonly leftOut: readonly LeftOut[];
}

export const notUtf8 = 'its name is not UTF-8 and cannot be opened; rename it';

const imageName = /\.(png|jpe?g|jpe|jfif|bmp|webp|tiff?)$/i;
const otherPicture =
  /\.(gif|hei[cf]|avif|jp2|j2k|jxl|p[gpbn]m|svgz?|tga|psd|exr|hdr|dng|cr[23]|nef|arw|raw|dcm|npy|ico|dib|pcx)$/i;

/** Folders that storage boxes and operating systems keep among people's files: thumbnails, deleted files, snapshots. */
const ofTheSystem = new Set([
  '@eadir',
  '@recycle',
  '@recently-snapshot',
  '#recycle',
  '#snapshot',
  '$recycle.bin',
  'recycler',
  'system volume information',
  '__macosx',
  'lost+found',
]);

/** As `predict --out` names them. */
const heatmapName = /-heatmap(-\d+)?\.jpg$/i;

/** True for the file names that datasets and folders are searched for: PNG, JPEG, BMP, WebP, TIFF. */
export function isImageName(name: string): boolean {
  return imageName.test(name);
}

/** A path without its image's extension. */
export function withoutExtension(path: string): string {
  return path.replace(imageName, '');
}

/**
 * Looks for images in a folder and the folders in it, symbolic links followed. Left out are what is hidden, what
 * systems keep there, what kdad-edge itself wrote, and pictures that cannot be read.
 *
 * @throws KdadError DATASET_INVALID naming a folder that is not there or cannot be read
 */
export async function scan(root: string): Promise<Scan> {
  const images: string[] = [];
  const leftOut: LeftOut[] = [];
  const walk = async (folder: string, parents: readonly string[]) => {
    const { location, entries } = await open(join(root, folder));
    if (parents.includes(location)) return; // A link back to a folder that we are in.
    const names = new Set(entries.map(({ name }) => name.toString()));
    if (names.has('manifest.json') && names.has('detector.onnx')) {
      leftOut.push({ path: folder || '.', why: 'a bundle' });
      return;
    }
    for (const entry of entries) {
      const name = decoded(entry.name);
      const path = [folder, name ?? entry.name.toString('latin1')].filter((part) => part !== '').join('/');
      const why = reasonAgainst(name, entry, names);
      if (why === 'silent') continue;
      if (why !== undefined) leftOut.push({ path, why });
      else {
        const info = await stat(join(location, name as string)).catch(() => undefined);
        if (info?.isDirectory()) await walk(path, [...parents, location]);
        else if (isImageName(path)) {
          if (info?.isFile()) images.push(path);
          else leftOut.push({ path, why: info ? 'not a file' : 'a link to nothing' });
        }
      }
    }
  };
  await walk('', []);
  const byPath = (a: LeftOut, b: LeftOut) => (a.path < b.path ? -1 : 1);
  return { images: images.sort(), leftOut: leftOut.sort(byPath) };
}

/**
 * The images of `scan`.
 *
 * @param within only below this folder of `root`
 * @returns paths relative to `root`
 */
export async function listImages(root: string, within = ''): Promise<string[]> {
  const { images } = await scan(join(root, within));
  return images.map((path) => (within === '' ? path : `${within}/${path}`));
}

async function open(folder: string): Promise<{ location: string; entries: Dirent<Buffer>[] }> {
  try {
    const location = await realpath(folder);
    // In bytes: what is not UTF-8 would come as a name that no file has.
    return { location, entries: await readdir(location, { withFileTypes: true, encoding: 'buffer' }) };
  } catch (cause) {
    const code = (cause as NodeJS.ErrnoException).code;
    const known: Record<string, string> = {
      ENOENT: 'no such folder',
      ENOTDIR: 'this is a file; expected a folder',
      EACCES: 'no permission to read this folder',
    };
    const why = (code && known[code]) ?? (cause as Error).message;
    throw new KdadError('DATASET_INVALID', `${folder}: ${why}`, { cause });
  }
}

/** Why an entry is not taken; `silent` where nobody expects that it is. */
function reasonAgainst(
  name: string | undefined,
  entry: Dirent<Buffer>,
  beside: ReadonlySet<string>,
): string | undefined {
  if (name === undefined) return isImageName(entry.name.toString('latin1')) || entry.isDirectory() ? notUtf8 : 'silent';
  if (name.startsWith('.')) return isImageName(name) || entry.isDirectory() ? 'hidden' : 'silent';
  if (ofTheSystem.has(name.toLowerCase())) return 'kept there by a system';
  if (heatmapName.test(name)) return 'a heatmap of kdad-edge';
  if (name === 'overlay.jpg' && beside.has('alert.json')) return 'a heatmap of kdad-edge';
  if (name === 'full' && beside.has('contact-sheet.html') && beside.has('images')) {
    return 'the larger pictures of kdad-edge collect';
  }
  return otherPicture.test(name) ? 'of a format that is not read' : undefined;
}

function decoded(name: Buffer): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(name);
  } catch {
    return undefined;
  }
}
