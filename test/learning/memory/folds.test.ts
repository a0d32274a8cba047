import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { splitGood } from '../../../src/learning/dataset/split.js';
import { foldImages, picturesByFold } from '../../../src/learning/memory/folds.js';

const picture = (i: number) => Uint8Array.of(i % 256, i >> 8);

it('every image is in one of five folds, the held-out ones in the first, and its copy beside it', async () => {
  await fc.assert(
    fc.property(fc.integer({ min: 8, max: 300 }), fc.boolean(), (count, copied) => {
      const names = Array.from({ length: count }, (_, i) => `${i}.png`);
      const split = splitGood(names, { seed: 3 });
      const frames = names.map((_, i) => picture(i));
      const copies = copied ? names.map((_, i) => picture(1000 + i)) : undefined;
      const images = foldImages(split, frames, copies);
      expect(images.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
      expect(images.filter(({ fold }) => fold === 0).map(({ name }) => name)).toEqual(split.validation);
      const folds = picturesByFold(images);
      expect(folds).toHaveLength(5);
      expect(folds.flat()).toHaveLength(copied ? 2 * count : count);
      const learned = folds.slice(1).map(({ length }) => length);
      expect(Math.max(...learned) - Math.min(...learned)).toBeLessThanOrEqual(copied ? 2 : 1);
      for (const [i, { frame, copy }] of images.entries()) {
        expect(frame).toBe(frames[i]);
        expect(copy).toBe(copies?.[i]);
      }
    }),
    { numRuns: 30 },
  );
});
