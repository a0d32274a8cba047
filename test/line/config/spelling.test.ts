import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { editDistance, nearestWord } from '../../../src/line/config/spelling.js';

describe('the edit distance', () => {
  it.each([
    ['kitten', 'sitting', 3],
    ['', 'abc', 3],
    ['flaw', 'lawn', 2],
    ['same', 'same', 0],
  ])('from "%s" to "%s" is %i', (a, b, distance) => expect(editDistance(a, b)).toBe(distance));

  it('is a metric', () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, word, (a, b, c) => {
        expect(editDistance(a, b)).toBe(editDistance(b, a));
        expect(editDistance(a, b) === 0).toBe(a === b);
        expect(editDistance(a, c)).toBeLessThanOrEqual(editDistance(a, b) + editDistance(b, c));
      }),
    );
  });
});

describe('the nearest word', () => {
  it('is a slip of the finger away', () => {
    expect(nearestWord('treshold', ['name', 'fps', 'threshold'])).toBe('threshold');
    expect(nearestWord('stalltimeout', ['stallTimeout', 'firstFrameTimeout'])).toBe('stallTimeout');
  });

  it('is not just any word', () => {
    expect(nearestWord('sensitivity', ['name', 'fps', 'threshold'])).toBeUndefined();
    expect(nearestWord('x', [])).toBeUndefined();
  });
});
