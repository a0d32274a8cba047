import { describe, expect, it } from 'vitest';
import { sceneShift } from '../../../src/learning/calibration/scene.js';

/** Median 2, MAD 0.5. */
const scores = Array.from({ length: 21 }, (_, i) => 1 + i / 10);
const heldOut = scores.map((score, i) => ({ image: `${i}.png`, score }));
const moved = (by: number) => scores.map((score) => score + by);

describe('the scores of good parts', () => {
  it.each([
    [0, 0, false],
    [1.4, 2.8, false],
    [1.5, 3, true],
    [-1.5, -3, true],
  ])('that are %d higher lie %d MADs above the held-out ones: another scene is %s', (by, deviations, changed) => {
    const found = sceneShift(moved(by), heldOut);
    expect(found?.deviations).toBeCloseTo(deviations, 9);
    expect(sceneShift(moved(by * 1.0001), heldOut)?.changed).toBe(changed);
  });

  it('lie where most do: a few defects among them, and degraded copies, change nothing', () => {
    const few = [...moved(0), 50, 60];
    const copies = heldOut.map(({ image, score }) => ({ image, score: 10 * score, degraded: true }));
    expect(Math.abs(sceneShift(few, [...heldOut, ...copies])?.deviations ?? 9)).toBeLessThan(0.5);
  });

  it('say nothing where they, or the held-out ones, are few, or all the same', () => {
    expect(sceneShift(scores.slice(0, 9), heldOut)).toBeUndefined();
    expect(sceneShift(scores, heldOut.slice(0, 9))).toBeUndefined();
    const same = heldOut.map(({ image }) => ({ image, score: 1 }));
    expect(sceneShift(scores, same)).toBeUndefined();
  });
});
