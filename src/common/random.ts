import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';

/** Numbers from 0 up to 1. */
export type Random = () => number;

/** The same numbers for the same seed, on every machine. */
export function randomFrom(seed: number): Random {
  const generator = xoroshiro128plus(avalanche(seed));
  return () => uniformFloat64(generator);
}

/** MurmurHash3's finaliser: without it the first numbers of neighbouring seeds are alike. */
function avalanche(seed: number): number {
  let bits = seed | 0;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return bits ^ (bits >>> 16);
}

/** One seed of several numbers, different when any of them is. */
export const mixSeeds = (...numbers: number[]): number =>
  numbers.reduce((mixed, number) => Math.imul(mixed ^ number, 0x9e3779b1) + number, 0) | 0;

/** Standard normal numbers (Box and Muller). */
export const normalFrom =
  (random: Random): Random =>
  () =>
    Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
