import { describe, expect, it } from 'vitest';
import { frameSize, percentage, positiveNumber, tileCounts, wholeNumber } from '../../../src/tools/commands/numbers.js';

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

describe('a share', () => {
  it('is written with a percent sign', () => {
    expect(['1%', '0.5 %', '50%'].map(percentage)).toEqual([0.01, 0.005, 0.5]);
    for (const text of ['1', '0%', '60%', '-1%', 'one%', '']) expect(() => percentage(text)).toThrow('Expected');
  });
});

describe('tiles', () => {
  it('are rows x columns, two at least', () => {
    expect(tileCounts('3x4')).toEqual({ rows: 3, columns: 4 });
    expect(tileCounts('1x2')).toEqual({ rows: 1, columns: 2 });
    for (const text of ['1x1', '0x4', '9x9', '3', '3X4', '-3x4', '3x4x5', '']) {
      expect(() => tileCounts(text)).toThrow('Expected rows x columns');
    }
  });
});

describe('the size of a frame', () => {
  it('is height x width, in multiples of 16', () => {
    expect(frameSize('640x256')).toEqual([640, 256]);
    for (const text of ['640', '640x250', '0x256', '16x256', '256x8192', '-256x256', '256X256']) {
      expect(() => frameSize(text)).toThrow('Expected');
    }
  });
});
