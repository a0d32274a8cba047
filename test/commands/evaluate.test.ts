import { describe, expect, it } from 'vitest';
import { describe as describeEvaluation } from '../../src/commands/evaluate.js';
import { evaluateScores } from '../../src/training/evaluate.js';

describe('the report of eval', () => {
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
