import { assert, property, uint8Array } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recoveryPoint } from '../../../../src/line/camera/rtsp/recovery-point.js';

const told = (hex: string, isSigned = false) => recoveryPoint(Buffer.from(hex.replaceAll(' ', ''), 'hex'), isSigned);

describe('a point of recovery', () => {
  it.each([
    ['of x264, in 8 pictures', '06 02 13 10 80', 8],
    ['at once', '06 01 c4 80', 0],
    ['behind other messages', '01 03 aa bb cc 05 02 11 22 06 01 c4 80', 0],
    ['behind a message of 300 bytes', `05 ff 2d ${'aa'.repeat(300)} 06 01 c4 80`, 0],
    ['behind bytes that keep a start code from appearing', '05 03 00 00 03 01 06 01 c4 80', 0],
  ])('is found: %s', (_, hex, expected) => {
    expect(told(hex)).toBe(expected);
  });

  it.each([
    ['says something else', '01 03 aa bb cc 80'],
    ['is cut off', '05 20 11 22 33'],
    ['is cut off in the point of recovery', '06 08 00'],
    ['is empty', ''],
  ])('is not found in a unit that %s', (_, hex) => {
    expect(told(hex)).toBeUndefined();
  });

  it('of H.265 may lie before the picture', () => {
    expect(told('06 01 b0 80', true)).toBe(0); // 0
    expect(told('06 01 50 80', true)).toBe(1);
    expect(told('06 01 70 80', true)).toBe(0); // -1
    expect(told('06 01 24 80', true)).toBe(2);
  });

  it('comes of any bytes without a failure', async () => {
    await assert(
      property(uint8Array(), (bytes) => {
        expect(recoveryPoint(bytes, false) ?? 0).toBeGreaterThanOrEqual(0);
      }),
    );
  });
});
