import { describe, expect, it } from 'vitest';
import { compareForUse } from '../../../src/learning/evaluation/succession.js';

/** Forty good images with these scores and forty defective ones with those; repeated where fewer are given. */
function judged(good: readonly number[], defective: readonly number[], threshold = 1) {
  const spread = (kind: string, scores: readonly number[]) =>
    scores.length === 0
      ? []
      : Array.from({ length: 40 }, (_, i) => ({ kind, score: scores[i % scores.length] + i / 1e6 }));
  return { images: [...spread('good', good), ...spread('dent', defective)], threshold };
}

describe('a new bundle is', () => {
  it('not worse when it judges the same', () => {
    const same = judged([0.5, 0.6], [2, 3]);
    expect(compareForUse(same, same)).toEqual({
      worse: false,
      reasons: [
        'image AUROC +0.0000 (95 % between +0.0000 and +0.0000): not worse',
        'false alarms 0 of 40, where it was 0: not worse',
        'defects missed 0 of 40, where it was 0: not worse',
      ],
    });
  });

  it('not worse for a difference that chance explains', () => {
    const fresh = judged([0.5, 0.6], [2, 3]);
    for (const i of [0, 1, 2]) fresh.images[i].score = 2.5;
    expect(compareForUse(judged([0.5, 0.6], [2, 3]), fresh).worse).toBe(false);
  });

  it('worse when it tells good from defective less well, whatever its threshold', () => {
    const { worse, reasons } = compareForUse(judged([0.5, 0.6], [2, 3]), judged([0.5, 0.6, 0.9], [0.55, 2], 0.4));
    expect(worse).toBe(true);
    expect(reasons[0]).toMatch(/^image AUROC -0\.\d+ \(.*\): worse$/);
  });

  it('worse when it raises more false alarms, also where there are only good images', () => {
    const { worse, reasons } = compareForUse(judged([0.5], []), judged([0.5, 1.5], []));
    expect({ worse, reasons }).toEqual({ worse: true, reasons: ['false alarms 20 of 40, where it was 0: worse'] });
  });

  it('worse when its threshold lets defects through', () => {
    const { worse, reasons } = compareForUse(judged([0.5], [2, 3]), judged([0.5], [2, 3], 2.5));
    expect(worse).toBe(true);
    expect(reasons.at(-1)).toBe('defects missed 20 of 40, where it was 0: worse');
  });
});
