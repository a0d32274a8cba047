import { describe, expect, it } from 'vitest';
import { BelievedClock } from '../../src/common/clock.js';

const HOUR = 3_600_000;

describe('a clock that is believed', () => {
  it('has gone evenly for an hour', () => {
    const at = { wall: 1e12, steady: 0 };
    const clock = new BelievedClock(
      () => at.wall,
      () => at.steady,
    );
    const pass = (milliseconds: number, jump = 0) => {
      at.steady += milliseconds;
      at.wall += milliseconds + jump;
      return clock.now();
    };
    expect(clock.now()).toBeUndefined();
    expect(pass(HOUR - 1)).toBeUndefined();
    expect(pass(1)).toBe(at.wall);
    expect(pass(60_000, 500)).toBe(at.wall); // A time server slews it.
    for (const jump of [40 * 24 * HOUR, -40 * 24 * HOUR]) {
      expect(pass(1000, jump)).toBeUndefined();
      expect(pass(HOUR)).toBe(at.wall);
    }
  });
});
