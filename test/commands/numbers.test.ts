import { describe, expect, it } from 'vitest';
import { positiveNumber, wholeNumber } from '../../src/commands/numbers.js';

describe('numbers on the command line', () => {
  it.each(['1', '20', '2147483647'])('takes the whole number %s', (text) => {
    expect(wholeNumber(1)(text)).toBe(Number(text));
  });

  it.each(['0', '-1', '1.5', '1e3', '2147483648', 'one', ''])(
    'refuses "%s" where a whole number from 1 on is due',
    (text) => {
      expect(() => wholeNumber(1)(text)).toThrow('Expected a whole number from 1 on.');
    },
  );

  it('refuses more than there may be, and names the range', () => {
    expect(wholeNumber(1, 8)('8')).toBe(8);
    expect(() => wholeNumber(1, 8)('9')).toThrow('Expected a whole number from 1 to 8.');
  });

  it.each(['1', '0.001', '1e-3'])('takes the number %s above 0', (text) => {
    expect(positiveNumber(text)).toBe(Number(text));
  });

  it.each(['0', '-1', 'Infinity', 'NaN', 'much', '', ' '])('refuses "%s" where a number above 0 is due', (text) => {
    expect(() => positiveNumber(text)).toThrow('Expected a number above 0.');
  });
});
