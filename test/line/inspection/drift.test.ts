import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Drift, DriftMonitor, type DriftReason } from '../../../src/line/inspection/drift.js';
import { type JudgedFrame, verdictOf } from '../../../src/line/inspection/verdict.js';
import { frame } from '../../fixtures/frames.js';

const THRESHOLD = 2;
/** Held-out images score from 0.9 to 1.1. */
const calibration = Array.from({ length: 41 }, (_, i) => 0.9 + i / 200);
const heldOut = calibration.map((score, i) => ({ image: `${i}.png`, score }));

const judged = (score: number, steadyTime: number): JudgedFrame => {
  const one = { ...frame(0), steadyTime };
  return { frame: one, verdict: verdictOf(one, score, THRESHOLD) };
};

/** Watches a frame a second. */
function watch(scores: readonly number[], monitor = new DriftMonitor(heldOut), from = 0) {
  return scores.flatMap((score, i) => monitor.next(judged(score, from + 1000 * i)) ?? []);
}
const like = (factor: number, count = 200) => Array.from({ length: count }, (_, i) => factor * calibration[i % 41]);
const warnings = (seen: readonly Drift[], reason: DriftReason = 'margin') =>
  seen.filter((one) => one.warnings.includes(reason)).length;

describe('the drift of scores', () => {
  it('is a half while frames score as the held-out images did', () => {
    const seen = watch(like(1));
    expect(seen.at(-1)?.shift).toBeCloseTo(0.5, 1);
    expect(warnings(seen)).toBe(0);
  });

  it('warns once when scores have moved half-way to the threshold, before there is a false alarm', () => {
    const monitor = new DriftMonitor(heldOut);
    const seen = watch([...like(1), ...like(1.5, 400)], monitor);
    expect(seen.at(-1)).toMatchObject({ shift: 1, warnings: [] });
    expect(warnings(seen)).toBe(1);
    expect(seen.every(({ highRatio }) => highRatio < 1)).toBe(true);
    const again = watch([...like(1), ...like(1.5)], monitor, 1e9);
    expect(warnings(again)).toBe(1);
  });

  it('does not warn of a shift that leaves the margin as it is: a single part before the camera, say', () => {
    const seen = watch(like(0).map(() => 1.12));
    expect(seen.at(-1)?.shift).toBe(1);
    expect(warnings(seen)).toBe(0);
  });

  it('warns once of another scene, brighter or darker, as long as its median lies several MADs away', () => {
    for (const factor of [1.2, 0.8]) {
      const monitor = new DriftMonitor(heldOut);
      const seen = watch([...like(1), ...like(factor, 400)], monitor);
      expect(warnings(seen, 'scene')).toBe(1);
      expect(seen.at(-1)?.scene).toMatchObject({ changed: true });
      expect(seen.at(-1)?.scene?.deviations).toBeCloseTo((factor - 1) / 0.05, 0);
      expect(warnings(watch([...like(1), ...like(factor)], monitor, 1e9), 'scene')).toBe(1);
    }
  });

  it('says nothing of the scene where one part stands still before the camera', () => {
    const seen = watch(like(0).map((_, i) => 1.3 + (i % 10) / 1000));
    expect(seen.at(-1)?.scene?.changed).toBe(true);
    expect(warnings(seen, 'scene')).toBe(0);
  });

  it('looks at good frames only, a second apart, and says nothing of a few', () => {
    expect(watch(like(1.5, 49))).toEqual([]);
    const monitor = new DriftMonitor(heldOut);
    for (let i = 0; i < 1000; i++) expect(monitor.next(judged(5, 1000 * i))).toBeUndefined();
    for (let i = 0; i < 400; i++) expect(monitor.next(judged(1, 2e6 + 10 * i))).toBeUndefined();
  });

  it('always stays between 0 and 1', async () => {
    const score = fc.double({ min: 0.001, max: 1.999, noNaN: true });
    await fc.assert(
      fc.property(fc.array(score, { minLength: 50, maxLength: 60 }), (scores) => {
        for (const { shift } of watch(scores)) expect(shift >= 0 && shift <= 1).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
