import { describe, expect, it } from 'vitest';
import { epochsFor, learningRateAt } from '../../../src/learning/distillation/schedule.js';
import { mapOptionsOf, type Recipe, recipes } from '../../../src/learning/training/recipes.js';

describe('the learning rate', () => {
  const rates = (recipe: Recipe, steps: number) =>
    Array.from({ length: steps }, (_, step) => learningRateAt(recipe, step, steps));

  it('rises over the first twentieth of a cosine schedule, then falls to zero', () => {
    const all = rates(recipes.kdad, 200);
    expect(all[0]).toBeCloseTo(1e-4, 10);
    expect(all.indexOf(Math.max(...all))).toBe(9);
    expect(all[9]).toBeCloseTo(1e-3, 10);
    expect(all[105]).toBeCloseTo(5e-4, 6);
    for (let step = 11; step < 200; step++) expect(all[step]).toBeLessThan(all[step - 1]);
    expect(all[199]).toBeLessThan(1e-6);
  });

  it('is a positive number at every step of the shortest training', () => {
    expect(rates(recipes.kdad, 1)).toEqual([1e-3]);
    for (const rate of rates(recipes.kdad, 3)) expect(rate).toBeGreaterThan(0);
  });

  it('stays where it is with a constant schedule', () => {
    expect(new Set(rates(recipes.paper, 50))).toEqual(new Set([0.4]));
  });
});

describe('a recipe', () => {
  it('has more epochs for few images, so that the student takes enough steps', () => {
    expect(epochsFor(recipes.kdad, 168)).toBe(8);
    expect(epochsFor(recipes.kdad, 40)).toBe(32);
    expect(epochsFor(recipes.kdad, 3)).toBe(320);
    expect(epochsFor(recipes.paper, 3)).toBe(100);
  });

  it('combines the layers at the size of the largest feature map, or at that of its publication', () => {
    expect(mapOptionsOf(recipes.kdad, [256, 192])).toEqual({ combine: 'relative-mean', blur: 1, size: [64, 48] });
    expect(mapOptionsOf(recipes.seed, [256, 192])).toEqual({ combine: 'sum', blur: 4, size: [256, 192] });
    expect(mapOptionsOf(recipes.paper, [256, 192])).toEqual({ combine: 'product', blur: 0, size: [64, 48] });
  });
});
