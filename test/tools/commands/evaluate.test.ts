import { describe, expect, it } from 'vitest';
import { evaluateScores } from '../../../src/learning/evaluation/evaluate.js';
import { describeComparison, evaluationText as describeEvaluation } from '../../../src/tools/commands/evaluate.js';

describe('the report of eval', () => {
  it('says where the good images lie to those that the model was calibrated on', () => {
    const evaluation = { ...evaluateScores([{ kind: 'good', score: 1 }], 2), pixelAuroc: null, pro: null };
    const told = (deviations: number, changed: boolean) =>
      describeEvaluation({ ...evaluation, scene: { deviations, changed } });
    expect(told(-0.44, false)).toMatch(/^good scores +median 0\.4 MADs below that of the held-out images$/m);
    expect(told(4.2, true)).toMatch(/^good scores +median 4\.2 MADs above .*: light or scene have changed since/m);
  });

  it('counts what is to be reviewed, where that was asked for', () => {
    const evaluation = { ...evaluateScores([{ kind: 'good', score: 1 }], 2), pixelAuroc: null, pro: null };
    const review = { from: 0.9, good: 3, defective: 2 };
    expect(describeEvaluation({ ...evaluation, review })).toMatch(
      /^for review +from 0\.9000 on: 3 good, 2 defective$/m,
    );
    const comparison = { models: ['a', 'b'], evaluations: [{ ...evaluation, review }, evaluation], imageAuroc: null };
    expect(describeComparison(comparison)).toMatch(/^for review +3 good, 2 defective +-$/m);
  });

  it('is an aligned table, with a dash for what is not known', () => {
    const scored = [
      { kind: 'good', score: 1 },
      { kind: 'good', score: 2 },
      { kind: 'broken_large', score: 4 },
    ];
    const text = describeEvaluation({ ...evaluateScores(scored, 2), pixelAuroc: 0.98765, pro: null });
    expect(text).toBe(
      [
        'images            3: 2 good, 1 defective',
        'image AUROC       1.0000',
        'pixel AUROC       0.9877',
        'PRO               -',
        'best F1           1.0000  at a threshold of 3.000',
        'threshold         2.000',
        '  defects caught  1 of 1  100.0 %',
        '  false alarms    1 of 2  50.0 %',
        '',
        'kind          images  called anomalous  AUROC',
        'good          2       1 of 2  50.0 %    -',
        'broken_large  1       1 of 1  100.0 %   1.0000',
      ].join('\n'),
    );
  });
});

describe('the comparison of two bundles', () => {
  const scored = (scores: number[]) => scores.map((score, i) => ({ kind: i % 2 ? 'dent' : 'good', score }));
  const evaluation = (scores: number[]) => ({ ...evaluateScores(scored(scores), 2), pixelAuroc: null, pro: 0.5 });
  const evaluations = [evaluation([1, 3, 2, 1.5]), evaluation([1, 3, 1, 4])];

  it('is a table, and says what chance may explain', () => {
    const imageAuroc = { difference: 0.25, low: -0.1, high: 0.5, samples: 2000 };
    expect(describeComparison({ models: ['old', 'new'], evaluations, imageAuroc })).toBe(
      [
        '                old     new',
        'image AUROC     0.7500  1.0000',
        'pixel AUROC     -       -',
        'PRO             0.5000  0.5000',
        'best F1         0.8000  1.0000',
        'defects caught  50.0 %  100.0 %',
        'false alarms    50.0 %  0.0 %',
        '',
        'difference of image AUROC +0.2500 (95 % of 2000 resamplings between -0.1000 and +0.5000): chance alone may explain it',
      ].join('\n'),
    );
  });

  it('is sure where the interval lies on one side', () => {
    const imageAuroc = { difference: -0.2, low: -0.3, high: -0.1, samples: 2000 };
    expect(describeComparison({ models: ['a', 'b'], evaluations, imageAuroc })).toContain('does not explain it');
  });
});
