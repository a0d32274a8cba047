import { connectedRegions } from './regions.js';
import { auroc, RocReference } from './roc.js';

/** Anomaly maps of several images and their ground truth, both images x height x width. */
export interface LabelledMaps {
  readonly maps: Float32Array;
  /** 0 where the part is good. */
  readonly masks: Uint8Array;
  /** Height and width of one map. */
  readonly mapSize: readonly [number, number];
}

/** Area under the receiver operating characteristic of all pixels; null without good or without defective ones. */
export function pixelAuroc({ maps, masks }: LabelledMaps): number | null {
  return auroc(
    maps.filter((_, pixel) => masks[pixel] !== 0),
    maps.filter((_, pixel) => masks[pixel] === 0),
  );
}

/**
 * Per-region overlap: the area under the curve of the mean detected part of each defect (8-connected region) over the
 * false positive rate of the good pixels, up to `limit` and divided by it. Every defect counts alike, whatever its
 * size. Bergmann et al., The MVTec Anomaly Detection Dataset, IJCV 2021, section 5.
 *
 * @returns 0 to 1; null without good or without defective pixels
 */
export function perRegionOverlap({ maps, masks, mapSize }: LabelledMaps, limit = 0.3): number | null {
  const good = maps.filter((_, pixel) => masks[pixel] === 0);
  if (good.length === 0) return null;
  const reference = new RocReference(good);
  const [height, width] = mapSize;
  let sum = 0;
  let regions = 0;
  for (let start = 0; start < masks.length; start += height * width) {
    for (const region of connectedRegions(masks.subarray(start, start + height * width), mapSize)) {
      let area = 0;
      for (const pixel of region) area += reference.areaOf(maps[start + pixel], limit);
      sum += area / region.length;
      regions++;
    }
  }
  return regions === 0 ? null : sum / regions / limit;
}
