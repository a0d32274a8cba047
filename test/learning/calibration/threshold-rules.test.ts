import { describe, expect, it } from 'vitest';
import { chooseThreshold } from '../../../src/learning/calibration/threshold-rules.js';

const scores = [0.31, 0.27, 0.44, 0.29, 0.35, 0.38, 0.27];

describe('calibrate', () => {
  it('max: the largest score and a margin', () => {
    const { value, rule, parameters } = chooseThreshold(scores, 'max', { margin: 0.25 });
    expect(value).toBeCloseTo(0.55, 12);
    expect([rule, parameters]).toEqual(['max', { margin: 0.25 }]);
  });

  it('quantile: as NumPy interpolates it', () => {
    // numpy.quantile(scores, 0.9)
    expect(chooseThreshold(scores, 'quantile', { quantile: 0.9, margin: 0 }).value).toBeCloseTo(0.404, 12);
    expect(chooseThreshold(scores, 'quantile', { quantile: 1, margin: 0 }).value).toBe(0.44);
  });

  it("mean-sigma: with the sample's standard deviation", () => {
    // numpy.mean(scores) + 3 * numpy.std(scores, ddof=1)
    expect(chooseThreshold(scores, 'mean-sigma', { sigmas: 3 }).value).toBeCloseTo(0.33 + 3 * 0.06350852961085883, 12);
    expect(chooseThreshold([0.5], 'mean-sigma').value).toBe(0.5);
  });

  it('prediction-bound: the normal prediction interval', () => {
    // numpy.mean(scores) + scipy.stats.t.ppf(0.999, 6) * numpy.std(scores, ddof=1) * (1 + 1 / 7) ** 0.5
    expect(chooseThreshold(scores, 'prediction-bound').value).toBeCloseTo(0.683563836553758, 9);
    expect(chooseThreshold(scores, 'prediction-bound', { margin: 0.1 }).value).toBeCloseTo(1.1 * 0.683563836553758, 9);
  });

  it('prediction-bound: the fewer scores, the further above them', () => {
    const reach = (count: number) =>
      chooseThreshold(
        [...Array(count).keys()].map((i) => i % 2),
        'prediction-bound',
      ).value;
    expect(reach(4)).toBeGreaterThan(1.5 * reach(8));
    expect(reach(8)).toBeGreaterThan(1.2 * reach(100));
  });

  it('records the defaults it used', () => {
    const { parameters } = chooseThreshold(scores, 'quantile', { quantile: 0.5 });
    expect(Object.keys(parameters)).toEqual(['quantile', 'margin']);
    expect(parameters.quantile).toBe(0.5);
  });

  it('refuses no scores, and parameters that the rule has not', () => {
    expect(() => chooseThreshold([], 'max')).toThrow(RangeError);
    expect(() => chooseThreshold(scores, 'max', { sigmas: 3 })).toThrow('rule max has no parameter sigmas');
  });

  it('by the median and the upper spread, hardly moves for a few bad images among them, and is wider with fewer', () => {
    const scores = Array.from({ length: 100 }, (_, i) => 1 + Math.sin(i) / 10);
    const { value } = chooseThreshold(scores, 'median-spread');
    const spoilt = chooseThreshold([...scores.slice(2), 9, 12], 'median-spread').value;
    expect(spoilt / value).toBeLessThan(1.02);
    expect(chooseThreshold(scores, 'max').value).toBeLessThan(
      chooseThreshold([...scores.slice(2), 9, 12], 'max').value / 5,
    );
    expect(chooseThreshold(scores.slice(0, 5), 'median-spread').value).toBeGreaterThan(value);
    expect(chooseThreshold(scores, 'median-spread', { falseAlarms: 0.001 }).value).toBeGreaterThan(value);
  });
});
