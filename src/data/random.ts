import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Numbers from 0 up to 1. */
export type Random = () => number;

/** The same numbers for the same seed, on every machine. */
export function randomFrom(seed: number): Random {
  const generator = xoroshiro128plus(seed | 0);
  return () => uniformFloat64(generator);
}

/** One seed of several numbers, different when any of them is. */
export const mixSeeds = (...numbers: number[]): number =>
  numbers.reduce((mixed, number) => Math.imul(mixed ^ number, 0x9e3779b1) + number, 0) | 0;

/** Standard normal numbers (Box and Muller). */
export const normalFrom =
  (random: Random): Random =>
  () =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
