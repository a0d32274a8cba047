import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { averagePrecision, bestF1, confusionAt } from '../../../src/method/metrics/classification.js';
import { golden } from './golden.js';

const example = { scores: [1, 2, 3, 4], labels: [false, true, false, true] };

describe('confusionAt', () => {
  it('calls anomalous what scores the threshold or more', () => {
    expect(confusionAt(example, 3)).toEqual({
      truePositives: 1,
      falsePositives: 1,
      trueNegatives: 1,
      falseNegatives: 1,
    });
  });
});

describe('bestF1', () => {
  it('weighs precision against recall, and takes a threshold between two scores', () => {
    // From 2 on: both anomalies and one good image, 2 * 2 / (3 + 2).
    expect(bestF1(example)).toEqual({ f1: 0.8, threshold: 1.5 });
  });

  it('is unknown without anomalies', () => {
    expect(bestF1({ scores: [1], labels: [false] })).toBeNull();
  });

  it('agrees with scikit-learn', () => {
    const best = bestF1(golden)!;
    expect(best.f1).toBeCloseTo(golden.bestF1, 12);
    expect(best.threshold).toBeLessThanOrEqual(golden.bestF1Score);
    expect(best.threshold).toBeGreaterThan(golden.bestF1Score - 1 / 8);
  });

  it('is what its threshold gives, and no score does better', () => {
    const images = fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.boolean()), { minLength: 1, maxLength: 25 });
    fc.assert(
      fc.property(images, (pairs) => {
        const labelled = { scores: pairs.map(([score]) => score), labels: pairs.map(([, label]) => label) };
        const f1At = (threshold: number) => {
          const { truePositives, falsePositives, falseNegatives } = confusionAt(labelled, threshold);
          return (2 * truePositives) / (2 * truePositives + falsePositives + falseNegatives);
        };
        const best = bestF1(labelled);
        fc.pre(best !== null);
        expect(f1At(best.threshold)).toBeCloseTo(best.f1, 12);
        expect(Math.max(...labelled.scores.map(f1At))).toBeCloseTo(best.f1, 12);
      }),
    );
  });
});

describe('averagePrecision', () => {
  it('sums precision over the gains in recall', () => {
    expect(averagePrecision(example)).toBeCloseTo(0.5 * 1 + 0.5 * (2 / 3), 12);
    expect(averagePrecision({ scores: [1], labels: [false] })).toBeNull();
  });

  it('agrees with scikit-learn, ties included', () => {
    expect(averagePrecision(golden)).toBeCloseTo(golden.averagePrecision, 12);
  });
});
