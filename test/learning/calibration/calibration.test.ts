import { describe, expect, it, onTestFinished } from 'vitest';
import { calibrationOf, describeFalseAlarms } from '../../../src/learning/calibration/calibration.js';

const scored = (scores: readonly number[]) => scores.map((score, i) => ({ image: `${i}.png`, score }));

describe('calibrationOf', () => {
  it('judges each image at the threshold that the others give', () => {
    // Without the 9 the largest is 1.3: the 9 is above 1.43. Without any other it is 9.
    const { threshold, falseAlarms } = calibrationOf(scored([1, 1.1, 1.2, 1.3, 9]), 'max', { margin: 0.1 });
    expect(threshold).toBeCloseTo(9.9, 12);
    expect(falseAlarms).toMatchObject({ count: 1, images: 5 });
    expect(falseAlarms.low).toBeCloseTo(0.00505, 4);
    expect(falseAlarms.high).toBeCloseTo(0.71642, 4);
  });

  it('promises little with few images, and says so', () => {
    const few = calibrationOf(scored([1, 1.01, 1.02, 1.03]), 'max', { margin: 0.1 }).falseAlarms;
    expect(describeFalseAlarms(few)).toBe(
      '0 of 4 held-out images are above the threshold that the others give: with 95 % confidence 0.0 % to 60.2 % of such good parts',
    );
  });

  it('computes a quantile once for all images that are left out', () => {
    const { cos } = Math;
    let calls = 0;
    Math.cos = (angle) => {
      calls++;
      return cos(angle);
    };
    onTestFinished(() => {
      Math.cos = cos;
    });
    const scores = Array.from({ length: 12 }, (_, i) => 1 + (i % 7) / 100);
    const asked = (wanted: readonly number[]) => {
      calls = 0;
      calibrationOf(scored(wanted), 'prediction-bound', { probability: 0.9993 });
      return calls;
    };
    const ofTwelve = asked(scores);
    const ofThree = asked(scores.slice(0, 3));
    expect(ofThree).toBeGreaterThan(0);
    expect(ofTwelve).toBeLessThan(2 * ofThree);
  });

  it('keeps the scores as they came', () => {
    const scores = scored([2, 1, 3, 2]);
    expect(calibrationOf(scores, 'quantile', { quantile: 0.5, margin: 0 })).toMatchObject({ threshold: 2, scores });
  });
});
