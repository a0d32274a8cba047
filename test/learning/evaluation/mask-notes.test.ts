import { describe, expect, it } from 'vitest';
import { maskNotes } from '../../../src/learning/evaluation/mask-notes.js';

const images = (...marked: number[]) => marked.map((part, i) => ({ path: `${i}.png`, marked: part }));

describe('what is said of masks', () => {
  it.each([
    ['nothing, where each marks a part', [0.1, 0.02], []],
    ['nothing without masks', [], []],
    ['all are empty', [0, 0], [/every mask is empty/]],
    ['some are empty', [0, 0.1, 0], ['2 of 3 masks are empty: those of 0.png, 2.png']],
    ['they are inverted', [0.9, 0.97], [/mark 94 % of the pixels.*inverted\?/]],
  ] as const)('%s', (_, marked, notes) => {
    expect(maskNotes(images(...marked))).toEqual(notes.map((note) => expect.stringMatching(note)));
  });
});
