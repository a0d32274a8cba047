import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shuffle, splitGood } from '../../../src/learning/dataset/split.js';

const names = (count: number) =>
  Array.from({ length: count }, (_, i) => `train/good/${String(i).padStart(3, '0')}.png`);
const seeds = fc.integer();

describe('splitGood', () => {
  it('holds back a fifth, rounded down', () => {
    const { training, validation } = splitGood(names(209), { seed: 0 });
    expect([training.length, validation.length]).toEqual([168, 41]);
  });

  it('is disjoint and complete, with at least one image on each side', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 8, max: 60 }),
        seeds,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (count, seed, part) => {
          const { training, validation } = splitGood(names(count), { seed, validationFraction: part });
          expect([...training, ...validation].sort()).toEqual(names(count));
          expect(training.length).toBeGreaterThan(0);
          expect(validation.length).toBeGreaterThanOrEqual(4);
        },
      ),
    );
  });

  it('depends on the images and the seed, not on their order', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(names(20), { minLength: 20 }), seeds, (shuffled, seed) => {
        expect(splitGood(shuffled, { seed })).toEqual(splitGood(names(20), { seed }));
      }),
    );
    expect(splitGood(names(20), { seed: 0 })).not.toEqual(splitGood(names(20), { seed: 1 }));
  });

  it('never changes between versions: bundles are compared by it', () => {
    expect(splitGood(names(20), { seed: 0 }).validation).toMatchInlineSnapshot(`
      [
        "train/good/003.png",
        "train/good/004.png",
        "train/good/006.png",
        "train/good/009.png",
      ]
    `);
  });

  it('refuses fewer than eight images', () => {
    expect(() => splitGood(names(7), { seed: 0 })).toThrow('7 good images found; training needs at least 8');
    expect(() => splitGood(names(1), { seed: 0 })).toThrow('1 good image found');
  });
});

describe('shuffle', () => {
  it('keeps every item, and is another one for another seed or round', () => {
    const items = names(50);
    const orders = [shuffle(items, 0), shuffle(items, 1), shuffle(items, 0, 1), shuffle(items, 1, 1)];
    for (const order of orders) expect([...order].sort()).toEqual(items);
    expect(new Set(orders.map((order) => order.join())).size).toBe(4);
    expect(shuffle(items, 7, 3)).toEqual(shuffle(items, 7, 3));
  });

  it('puts each item in each place about equally often', () => {
    const counts = Array.from({ length: 4 }, () => new Array(4).fill(0));
    for (let round = 0; round < 4000; round++) {
      for (const [place, item] of shuffle([0, 1, 2, 3], 0, round).entries()) counts[item][place]++;
    }
    for (const count of counts.flat()) expect(Math.abs(count - 1000)).toBeLessThan(150);
  });
});
