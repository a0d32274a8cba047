import { array, assert, constantFrom, property } from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DamageWatch } from '../../../../src/line/camera/ffmpeg/damage-watch.js';

/**
 * `!` a report, `(` and `)` begin and end of a recovery, `I` a key frame, `P` and `B` others;
 * @returns for each frame whether it may be damaged
 */
function watch(events: string, reordered = false): string {
  const watching = new DamageWatch(reordered);
  return [...events]
    .map((event) => {
      if (event === '!') watching.report();
      else if (event === '(') watching.recovering();
      else if (event === ')') watching.recovered();
      else return watching.next({ key: event === 'I', reordered: event === 'B' }) ? 'x' : '.';
      return '';
    })
    .join('');
}

describe('frames that may be damaged', () => {
  it.each([
    ['are none without a report', 'IPPPIPPP', '........'],
    ['are those from a report to the next key frame', 'IPP!PPPIPPP', '...xxx....'],
    ['are a key frame that the report may be about, and those that need it', 'IPPP!IPPPIP', '....xxxx..'],
    ['last longer where another report comes', 'IPP!PP!PIPPPI', '...xxxxxxx.'],
    ['of pictures that need no other are the next ones alone', 'II!IIIII', '..xx...'],
  ])('%s', (_, events, expected) => {
    expect(watch(events)).toBe(expected);
  });

  it('are more where frames come in another order than they are decoded', () => {
    const group = 'IBBPBBPBBP';
    expect(watch(`${group}!${group.repeat(3)}`)).toBe(`${'.'.repeat(10)}${'x'.repeat(20)}${'.'.repeat(10)}`);
    expect(watch('IPPP!PPPIPPP', true)).toBe('....xxxxxxx');
  });

  it('end with a recovery, as many frames later as may be under way', () => {
    const some = 'P'.repeat(30);
    expect(watch(`IP(PPP)${some}`)).toBe(`..${'x'.repeat(3 + 18)}${'.'.repeat(12)}`);
    // The decoder complains of what was lost before.
    expect(watch(`IP(P!PP)${some}`)).toBe(`..${'x'.repeat(3 + 18)}${'.'.repeat(12)}`);
    expect(watch(`IP(P)PI${some}`)).toBe(`..xx${'.'.repeat(31)}`);
  });

  it('do not end with a recovery that was under way already', () => {
    const some = 'P'.repeat(10);
    expect(watch(`I!${some})${some.repeat(4)}`)).toBe(`.${'x'.repeat(50)}`);
    expect(watch(`I!${some})${some})${some.repeat(3)}`)).toBe(`.${'x'.repeat(38)}${'.'.repeat(12)}`);
  });

  it('always end with a key frame, and never come back without a report', async () => {
    await assert(
      property(array(constantFrom('I', 'P', 'B', '!')), (events) => {
        const frames = events.filter((event) => event !== '!');
        const told = watch(events.join(''));
        for (let at = 1; at < told.length; at++)
          if (told[at - 1] === 'x' && told[at] === '.') expect(frames[at]).toBe('I');
        if (!events.includes('!')) expect(told).not.toContain('x');
      }),
    );
  });
});
