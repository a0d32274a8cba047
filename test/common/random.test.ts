import { expect, it } from 'vitest';
import { mixSeeds, normalFrom, randomFrom } from '../../src/common/random.js';

it('the same seed gives the same numbers, another seed others', () => {
  const numbers = (seed: number) => Array.from({ length: 5 }, randomFrom(seed));
  expect(numbers(1)).toEqual(numbers(1));
  expect(numbers(1)).not.toEqual(numbers(2));
  for (const number of numbers(3)) expect(number >= 0 && number < 1).toBe(true);
});

it('neighbouring seeds begin unlike each other', () => {
  const firsts = Array.from({ length: 1000 }, (_, seed) => randomFrom(seed)());
  const mean = firsts.reduce((a, b) => a + b) / firsts.length;
  expect(Math.abs(mean - 0.5)).toBeLessThan(0.05);
  expect(firsts.filter((value, i) => i > 0 && value < 0.5 !== firsts[i - 1] < 0.5).length).toBeGreaterThan(430);
});

it('mixed seeds differ when any number does, and when two change places', () => {
  const seeds = new Set([0, 1, 2, 3].flatMap((a) => [0, 1, 2, 3].map((b) => mixSeeds(a, b))));
  expect(seeds.size).toBe(16);
});

it('normal numbers have mean 0 and variance 1', () => {
  const values = Array.from({ length: 20_000 }, normalFrom(randomFrom(1)));
  const mean = values.reduce((a, b) => a + b) / values.length;
  const variance = values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length;
  expect(Math.abs(mean)).toBeLessThan(0.03);
  expect(Math.abs(variance - 1)).toBeLessThan(0.05);
});
