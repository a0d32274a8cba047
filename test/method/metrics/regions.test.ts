import { describe, expect, it } from 'vitest';
import { connectedRegions } from '../../../src/method/metrics/regions.js';

const regionsOf = (...rows: string[]) =>
  connectedRegions(
    Uint8Array.from([...rows.join('')], (character) => (character === '#' ? 1 : 0)),
    [rows.length, rows[0].length],
  ).map((region) => region.sort((a, b) => a - b));

describe('connectedRegions', () => {
  it('joins pixels that touch by sides or corners', () => {
    expect(regionsOf('#..', '.#.', '..#')).toEqual([[0, 4, 8]]);
    expect(regionsOf('..#', '.#.', '#..')).toEqual([[2, 4, 6]]);
  });

  it('keeps apart what does not touch, and the two ends of rows', () => {
    expect(regionsOf('#.#', '...', '#.#')).toEqual([[0], [2], [6], [8]]);
    expect(regionsOf('..#', '#..')).toEqual([[2], [3]]);
  });

  it('follows a winding region to its end', () => {
    expect(regionsOf('####.', '...#.', '####.', '#....', '#####')).toHaveLength(1);
  });

  it('finds none in an empty mask', () => {
    expect(regionsOf('...', '...')).toEqual([]);
  });
});
