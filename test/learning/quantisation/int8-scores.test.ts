import { expect, it } from 'vitest';
import { scoresInIntegers } from '../../../src/learning/quantisation/int8-scores.js';

const scores = [0.8, 0.9, 1, 1.1, 1.2].map((score, i) => ({ image: `${i}.png`, score }));
const values = (floats: number[], integers: number[]) =>
  scoresInIntegers(scores, { floats, integers }).map(({ score }) => score);

it('scores in integers are shifted as those that were judged in both', () => {
  for (const [i, value] of values([1, 2, 3], [1.25, 2.25, 3.25]).entries())
    expect(value).toBeCloseTo(scores[i].score + 0.25, 6);
});

it('scores in integers are spread further by what integers add at random, and keep their order', () => {
  const noisy = values([1, 1, 1, 1], [0.8, 1.2, 0.8, 1.2]);
  expect(noisy[2]).toBeCloseTo(1, 6);
  expect(noisy[4] - noisy[0]).toBeGreaterThan(0.5);
  expect(noisy).toEqual(noisy.toSorted((a, b) => a - b));
});

it('scores that are all the same stay so', () => {
  const same = [1, 1, 1].map((score, i) => ({ image: `${i}.png`, score }));
  const rounded = scoresInIntegers(same, { floats: [1, 1], integers: [1, 1.5] });
  expect(rounded.map(({ score }) => score)).toEqual([1.25, 1.25, 1.25]);
});
