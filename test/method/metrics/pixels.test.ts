import { describe, expect, it } from 'vitest';
import { perRegionOverlap, pixelAuroc } from '../../../src/method/metrics/pixels.js';
import { golden } from './golden.js';

const labelled = (mapSize: readonly [number, number], masks: readonly number[], maps: readonly number[]) => ({
  mapSize,
  masks: Uint8Array.from(masks),
  maps: Float32Array.from(maps),
});
const example = labelled(golden.mapSize, golden.masks, golden.maps);

describe('pixelAuroc', () => {
  it('agrees with scikit-learn', () => {
    expect(pixelAuroc(example)).toBeCloseTo(golden.pixelAuroc, 12);
  });

  it('is unknown without defective pixels', () => {
    expect(pixelAuroc(labelled([1, 2], [0, 0], [1, 2]))).toBeNull();
  });
});

describe('perRegionOverlap', () => {
  it.each([0.05, 0.3, 1])('agrees with every threshold tried one by one, up to a rate of %d', (limit) => {
    expect(perRegionOverlap(example, limit)).toBeCloseTo(golden.perRegionOverlap[limit === 1 ? '1.0' : limit], 10);
  });

  it('is 1 where every defect scores above all else, 0 where below', () => {
    const masks = [1, 1, 0, 0, 0, 1];
    expect(perRegionOverlap(labelled([1, 6], masks, [9, 8, 1, 2, 3, 7]))).toBeCloseTo(1, 12);
    expect(perRegionOverlap(labelled([1, 6], masks, [0, 0, 1, 2, 3, 0]))).toBe(0);
  });

  it('counts a small defect like a large one', () => {
    // The large one is found at once, the small one never.
    const maps = [9, 9, 9, 9, 5, 5, 5, 1];
    expect(perRegionOverlap(labelled([1, 8], [1, 1, 1, 1, 0, 0, 0, 1], maps))).toBeCloseTo(0.5, 12);
  });

  it('does not join the defects of neighbouring images', () => {
    const joined = perRegionOverlap(labelled([1, 3], [0, 1, 1, 1, 0, 0], [1, 9, 9, 0, 1, 1]));
    expect(joined).toBeCloseTo(0.5, 12);
  });

  it('is unknown without good or without defective pixels', () => {
    expect(perRegionOverlap(labelled([1, 2], [1, 1], [1, 2]))).toBeNull();
    expect(perRegionOverlap(labelled([1, 2], [0, 0], [1, 2]))).toBeNull();
  });
});
