import { describe, expect, it } from 'vitest';
import { calibrateOnLine } from '../../../src/learning/calibration/line-calibration.js';
import { chooseThreshold } from '../../../src/learning/calibration/threshold-rules.js';
import type { Calibration } from '../../../src/method/bundle/calibration.js';

const upTo = (count: number, from: number, width: number) =>
  Array.from({ length: count }, (_, i) => from + (width * i) / (count - 1));
const heldOut = upTo(40, 1, 0.5);
const calibration = { scores: heldOut.map((score, i) => ({ image: `${i}.png`, score })) } as Calibration;
const model = { threshold: 1.8, calibration };
const asked = { held: 1.8, falseAlarms: 0.01 };
/** Another light: all a little higher. */
const line = upTo(200, 1.3, 0.5);
const sum = (counts: readonly number[]) => counts.reduce((a, b) => a + b, 0);

describe('a calibration on the line', () => {
  it('proposes a threshold by the scores of the parts, as a factor of that of the model', () => {
    const { proposed, factor, parts } = calibrateOnLine(model, line, asked);
    expect(proposed).toBe(chooseThreshold(line, 'median-spread', { falseAlarms: 0.01 }).value);
    expect(factor).toBe(proposed / 1.8);
    expect(parts).toBe(200);
  });

  it('is hardly moved by a few defects among them', () => {
    const plain = calibrateOnLine(model, line, asked);
    const { proposed, anomalous } = calibrateOnLine(model, [...line, ...upTo(6, 5, 20)], asked);
    expect(proposed / plain.proposed - 1).toBeLessThan(0.02);
    expect(anomalous.proposed).toBe(6);
    expect(plain.anomalous.proposed).toBe(0);
  });

  it('shows the scores of both in bars of the same width, all of them', () => {
    const { histograms, held } = calibrateOnLine(model, [...line, 90], asked);
    expect(sum(histograms.line)).toBe(201);
    expect(sum(histograms.calibration)).toBe(40);
    expect(histograms.line.at(-1)).toBe(1);
    expect(histograms.from).toBe(1);
    expect(histograms.to).toBeGreaterThan(1.2 * held);
  });

  it('says when light or scene have changed, and what so few parts cannot promise', () => {
    expect(calibrateOnLine(model, line, asked)).toMatchObject({ scene: { changed: false }, lack: undefined });
    expect(calibrateOnLine(model, upTo(50, 2, 0.5), asked)).toMatchObject({
      scene: { changed: true },
      lack: 'with 50 judged parts no rule can promise less than 2.0 % of false alarms',
    });
  });
});
