import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Drift, DriftMonitor } from '../../src/inspection/drift.js';
import { type JudgedFrame, judge } from '../../src/inspection/verdict.js';
import { frame } from '../fixtures/frames.js';

const THRESHOLD = 2;
/** Held-out images score from 0.9 to 1.1. */
const calibration = Array.from({ length: 41 }, (_, i) => 0.9 + i / 200);

const judged = (score: number, steadyTime: number): JudgedFrame => {
  const one = { ...frame(0), steadyTime };
  return { frame: one, verdict: judge(one, score, THRESHOLD) };
};

/** Watches a frame a second. */
function watch(scores: readonly number[], monitor = new DriftMonitor(calibration), from = 0) {
  return scores.flatMap((score, i) => monitor.next(judged(score, from + 1000 * i)) ?? []);
}
const like = (factor: number, count = 200) => Array.from({ length: count }, (_, i) => factor * calibration[i % 41]);
const warnings = (seen: readonly Drift[]) => seen.filter(({ warn }) => warn).length;

describe('the drift of scores', () => {
  it('is a half while frames score as the held-out images did', () => {
    const seen = watch(like(1));
    expect(seen.at(-1)?.shift).toBeCloseTo(0.5, 1);
    expect(warnings(seen)).toBe(0);
  });

  it('warns once when scores have moved half-way to the threshold, before there is a false alarm', () => {
    const monitor = new DriftMonitor(calibration);
    const seen = watch([...like(1), ...like(1.5, 400)], monitor);
    expect(seen.at(-1)).toMatchObject({ shift: 1, warn: false });
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

  it('looks at good frames only, a second apart, and says nothing of a few', () => {
    expect(watch(like(1.5, 49))).toEqual([]);
    const monitor = new DriftMonitor(calibration);
    for (let i = 0; i < 1000; i++) expect(monitor.next(judged(5, 1000 * i))).toBeUndefined();
    for (let i = 0; i < 400; i++) expect(monitor.next(judged(1, 2e6 + 10 * i))).toBeUndefined();
  });

  it('always stays between 0 and 1', () => {
    const score = fc.double({ min: 0.001, max: 1.999, noNaN: true });
    fc.assert(
      fc.property(fc.array(score, { minLength: 50, maxLength: 60 }), (scores) => {
        for (const { shift } of watch(scores)) expect(shift >= 0 && shift <= 1).toBe(true);
      }),
      { numRuns: 30 },
    );
  });
});
