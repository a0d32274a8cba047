import { describe, expect, it } from 'vitest';
import {
  calibrationChart,
  precisionRecallCurve,
  rocCurve,
  scoreHistogram,
  trainingCurves,
} from '../../../src/tools/report/charts.js';

const images = [0.4, 0.5, 0.5, 0.9].map((score) => ({ kind: 'good', score }));
const defects = [0.8, 1.5, 3].map((score) => ({ kind: 'dent', score }));
const all = [...images, ...defects];

describe('charts', () => {
  it.each([
    ['scores', scoreHistogram(all, 1), ['score / threshold', 'images', 'threshold']],
    ['ROC', rocCurve(all, 1), ['false positive rate', 'true positive rate']],
    ['precision and recall', precisionRecallCurve(all, 1), ['recall', 'precision']],
    [
      'training',
      trainingCurves(
        [1, 2, 3].map((n) => ({ loss: 1 / n, validationLoss: 2 / n })),
        3,
      ),
      ['epoch', 'loss (log scale)'],
    ],
    ['calibration', calibrationChart([0.5, 0.6, 0.9], 1), ['score / threshold']],
  ])('%s: has labelled axes, no fixed black or white, and no number that is none', (_, chart, labels) => {
    const svg = chart.toString();
    for (const label of labels) expect(svg).toContain(label);
    expect(svg).not.toMatch(/NaN|undefined|Infinity/);
    expect(svg).not.toMatch(/(fill|stroke)="(black|white|#000|#fff)"/);
  });

  it('stack good and defective images: as many as there are', () => {
    const drawn = scoreHistogram(
      [...Array(5)].flatMap(() => all),
      1,
    ).toString();
    expect(drawn.match(/fill="var\(--good\)"/g)?.length).toBe(3);
    expect(drawn.match(/fill="var\(--anomalous\)"/g)?.length).toBe(3);
  });

  it('put the threshold where it lies on the curves', () => {
    const dot = (threshold: number) => {
      const [, y, x] =
        rocCurve(all, threshold)
          .toString()
          .match(/<circle r="5" cy="([\d.]+)" cx="([\d.]+)"/) ?? [];
      return { x: Number(x), y: Number(y) };
    };
    const [left, right, top, bottom] = [52, 460 - 24, 28, 420 - 44];
    // Of four good ones none, of three defects two are above.
    expect(dot(1)).toEqual({ x: left, y: top + (bottom - top) / 3 });
    expect(dot(0.1)).toEqual({ x: right, y: top });
    expect(dot(10)).toEqual({ x: left, y: bottom });
  });
});
