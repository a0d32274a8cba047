import { describe, expect, it } from 'vitest';
import { CleanPictures } from '../../../../src/line/camera/rtsp/clean-pictures.js';

/**
 * `I` a key picture, `R` one that recovers in two, `P` and `b` others, of which `b` is needed by none, `!` one behind a
 * gap, `x` a damaged one.
 * @returns what becomes of each: `.` passes, `-` does not; before it `(` and `)` where a recovery begins and ends
 */
function told(pictures: string): string {
  let text = '';
  const clean = new CleanPictures({
    onRecovering: () => {
      text += '(';
    },
    onRecovered: () => {
      text += ')';
    },
  });
  for (const kind of pictures) {
    const passes = clean.passes({
      bytes: Buffer.alloc(0),
      key: kind === 'I',
      leading: false,
      recovery: kind === 'R' ? 2 : undefined,
      reference: kind !== 'b',
      damage: kind === 'x' ? 'gap' : undefined,
      afterGap: kind === '!',
    });
    text += passes ? '.' : '-';
  }
  return text;
}

describe('pictures after damage', () => {
  it.each([
    ['pass from the next key picture on', 'IPP!PPIPP', '...---...'],
    ['pass from a point of recovery on', 'IPP!PRPPP', '...--(..)..'],
    ['are counted where others need them', 'I!RbPbPP', '.-(....)..'],
    ['wait for the next one when damaged while they recover', 'I!RPxPRPPP', '.-(..--(..)..'],
    ['need no recovery any more behind a key picture', 'I!RIP', '.-(...'],
  ])('%s', (_, pictures, expected) => {
    expect(told(pictures)).toBe(expected);
  });

  it('may be mended by a recovery without damage that is known here', () => {
    expect(told('IRPPRPP')).toBe('...)...).');
  });
});
