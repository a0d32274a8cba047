import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { LogTail } from '../../../../src/line/camera/ffmpeg/log-tail.js';

describe('the tail of a log', () => {
  it('is its last lines, in whatever pieces they come', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'é', ' '), maxLength: 9 });
    fc.assert(
      fc.property(fc.array(line, { maxLength: 12 }), fc.integer({ min: 1, max: 7 }), (lines, pieceLength) => {
        const tail = new LogTail(5);
        const text = lines.map((each) => `${each}\n`).join('');
        for (let at = 0; at < text.length; at += pieceLength) tail.push(text.slice(at, at + pieceLength));
        expect(tail.lines).toEqual(lines.slice(-5));
      }),
    );
  });

  it('keeps an unfinished line, and counts it', () => {
    const tail = new LogTail(2);
    tail.push('one\ntwo\nthr');
    expect(tail.lines).toEqual(['two', 'thr']);
  });

  it('stays small whatever is written', () => {
    const tail = new LogTail();
    for (let piece = 0; piece < 1000; piece++) tail.push('x'.repeat(10_000));
    for (let line = 0; line < 1000; line++) tail.push('y\n');
    expect(tail.lines.length).toBe(100);
    tail.push('z'.repeat(1e6));
    expect(tail.lines.at(-1)!.length).toBeLessThan(1010);
  });

  it('cuts long lines between words, so that no half of an address is left', () => {
    const words = 'word '.repeat(198); // 990 characters
    const address = 'rtsp://admin:secret@camera/stream';
    const whole = new LogTail();
    whole.push(`${words}${address}\nnext`);
    expect(whole.lines).toEqual([`${words}...`, 'next']);
    const inPieces = new LogTail();
    for (const character of `${words}${address}`) inPieces.push(character);
    expect(inPieces.lines).toEqual([`${words}...`]);
  });
});
