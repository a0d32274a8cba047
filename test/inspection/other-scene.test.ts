import { describe, expect, it } from 'vitest';
import { isOtherScene } from '../../src/inspection/other-scene.js';

/** A map of a hundred values, of which so many are odd. */
const map = (odd: number, value: number) => Float32Array.from({ length: 100 }, (_, i) => (i < odd ? value : 1));

describe('another scene', () => {
  it('is a frame that is odd all over, not one with a defect', () => {
    expect(isOtherScene(map(100, 3), 1.1)).toBe(true);
    expect(isOtherScene(map(5, 20), 1.1)).toBe(false);
    expect(isOtherScene(map(0, 0), 1.1)).toBe(false);
  });

  it('is never told by bundles that do not know what is usual', () => {
    expect(isOtherScene(map(100, 1000), undefined)).toBe(false);
  });
});
