import { isPlain, type Meaning, meaningOf } from './folder-words.js';
import { withoutExtension } from './scan.js';

/** An image and what the folders that it lies in say of it. */
export interface PlacedImage {
  /** Relative to the dataset's folder, as it is on disk. */
  readonly path: string;
  /** The folder, with forward slashes; empty for the dataset's own. */
  readonly folder: string;
  /** The file's name in lower case, without its extension. */
  readonly stem: string;
  readonly split?: Meaning['split'];
  readonly label?: Meaning['label'] | 'contradictory';
  /** In a folder of ground truth. */
  readonly mask: boolean;
  /** The folders before the first that means something: those of several products, say. */
  readonly product: string;
  /**
   * In lower case, the folders that tell apart images of the same name: kinds of defects, say, but not `train` or
   * `images`.
   */
  readonly within: readonly string[];
  /** The folder that names the kind of defect, as it is spelled; undefined straight in `test`. */
  readonly kind?: string;
}

/** Reads the place of an image. Backslashes count as slashes: Windows' archives unpack to names that have some. */
export function place(path: string): PlacedImage {
  const parts = path.replaceAll('\\', '/').split('/');
  const [file, folders] = [parts[parts.length - 1], parts.slice(0, -1)];
  const meanings = folders.map(meaningOf);
  const first = meanings.findIndex((meaning) => Object.keys(meaning).length > 0);
  const labels = new Set(meanings.map(({ label }) => label).filter((label) => label !== undefined));
  const told = folders.filter((name, i) => i >= Math.max(first, 0) && !isPlain(name));
  const within = told.filter((name) => {
    const { split, label, mask } = meaningOf(name);
    return mask === undefined && (split === undefined || label !== undefined);
  });
  const labelled = folders.find((_, i) => meanings[i].label !== undefined);
  return {
    path,
    folder: folders.join('/'),
    stem: withoutExtension(file).toLowerCase(),
    split: meanings.find(({ split }) => split !== undefined)?.split,
    label: labels.size > 1 ? 'contradictory' : [...labels][0],
    mask: meanings.some((meaning) => meaning.mask),
    product:
      first < 0
        ? ''
        : folders
            .slice(0, first)
            .filter((name) => !isPlain(name))
            .join('/'),
    within: within.map((name) => name.toLowerCase()),
    kind: within[0] ?? labelled,
  };
}
