import { mkdir, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KdadError } from '../../common/errors.js';
import { makeParent, replaceFile, unwritable } from '../../common/files.js';
import { renderOverlay } from './heatmap.js';
import type { Prediction } from './predict.js';

/** A new folder that collects overlays as `<name>-heatmap.jpg`, in the subfolders that their images were found in. */
export class OverlayFolder {
  readonly #path: string;
  readonly #taken = new Set<string>();

  constructor(path: string) {
    this.#path = path;
  }

  /**
   * Makes the folder. It has to be new or empty, so that no overlay ever replaces anything.
   *
   * @throws KdadError OUTPUT_EXISTS, OUTPUT_UNWRITABLE
   */
  async create(): Promise<void> {
    const refuse = (what: string) => new KdadError('OUTPUT_EXISTS', `${this.#path}: ${what}`);
    await mkdir(this.#path, { recursive: true }).catch((error: NodeJS.ErrnoException) => {
      throw error.code === 'EEXIST' || error.code === 'ENOTDIR'
        ? refuse('a file is there')
        : unwritable(this.#path, error);
    });
    const present = await readdir(this.#path).catch((error) => {
      throw unwritable(this.#path, error);
    });
    if (present.length > 0) throw refuse('the folder is not empty');
  }

  /** @returns the path of the overlay */
  async write({ source, frame, picture, map }: Prediction, threshold: number): Promise<string> {
    const stem =
      source.name.replace(/\.[^./]*$/, '') + (frame === undefined ? '' : `-${String(frame).padStart(6, '0')}`);
    const path = join(this.#path, this.#unique(stem));
    const jpeg = await renderOverlay({ ...picture, map, threshold });
    await makeParent(path);
    await replaceFile(path, jpeg);
    return path;
  }

  /** Images of one name in different folders, or that differ by extension only, get a number. */
  #unique(stem: string): string {
    for (let number = 1; ; number++) {
      const name = `${stem}-heatmap${number === 1 ? '' : `-${number}`}.jpg`;
      if (this.#taken.has(name.toLowerCase())) continue;
      this.#taken.add(name.toLowerCase());
      return name;
    }
  }
}
