import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import sharp from 'sharp';
import { mixSeeds } from '../../common/random.js';
import { PICTURE, type Product } from './products/product.js';
import { renderPart } from './render.js';

/** How many pictures of each sort. */
export interface DatasetCounts {
  /** Good parts to learn from. */
  readonly good: number;
  readonly testGood: number;
  /** Defective parts of each kind. */
  readonly defective: number;
}

/** Seeds of different sorts of pictures do not meet. */
const sorts = { good: 1, testGood: 2, defective: 3 } as const;

/**
 * Renders a product's dataset in the MVTec layout, with masks.
 * @param onProgress is told after each picture
 */
export async function writeDataset(
  product: Product,
  root: string,
  counts: DatasetCounts,
  seed: number,
  onProgress?: (done: number, total: number) => void,
): Promise<void> {
  const { kinds: kindsOf, side = PICTURE } = product;
  const kinds = Object.keys(kindsOf);
  const total = counts.good + counts.testGood + kinds.length * counts.defective;
  let done = 0;
  const write = async (folder: string, i: number, partSeed: number, kind?: string) => {
    const name = String(i).padStart(3, '0');
    const { picture, mask } = await renderPart(product, partSeed, kind);
    await writePng(join(root, folder, `${name}.png`), picture.pixels, 3, side);
    if (mask)
      await writePng(
        join(root, `ground_truth/${kind}/${name}_mask.png`),
        mask.map((one) => 255 * one),
        1,
        side,
      );
    onProgress?.(++done, total);
  };
  for (let i = 0; i < counts.good; i++) await write('train/good', i, mixSeeds(seed, sorts.good, i));
  for (let i = 0; i < counts.testGood; i++) await write('test/good', i, mixSeeds(seed, sorts.testGood, i));
  for (const [number, kind] of kinds.entries()) {
    for (let i = 0; i < counts.defective; i++) {
      await write(`test/${kind}`, i, mixSeeds(seed, sorts.defective + number, i), kind);
    }
  }
}

async function writePng(path: string, pixels: Uint8Array, channels: 1 | 3, side: number): Promise<void> {
  await mkdir(dirname(path), { recursive: true });
  await sharp(pixels, { raw: { width: side, height: side, channels } })
    .png({ compressionLevel: 3 })
    .toFile(path);
}
