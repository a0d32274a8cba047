import { describe, expect, it } from 'vitest';
import type { Calibration } from '../../src/bundle/calibration.js';
import { falseAlarmsOf } from '../../src/inspection/false-alarms.js';
import { thresholdFor } from '../../src/inspection/threshold.js';
import { calibrate } from '../../src/training/calibrate.js';

const scores = Array.from({ length: 40 }, (_, i) => 1 + i / 100);
const calibration = { scores: scores.map((score, i) => ({ image: `${i}.png`, score })) } as Calibration;
/** Whatever rule its own threshold came from. */
const model = { threshold: 2, calibration };

describe('a threshold for a rate of false alarms', () => {
  it('comes from the held-out scores by the rule that a few bad images move little', () => {
    const expected = calibrate(scores, 'median-spread', { falseAlarms: 0.01 }).value;
    for (const _ of [1, 2]) expect(thresholdFor(model, { falseAlarms: 0.01 })).toBe(expected);
    expect(thresholdFor(model, { falseAlarms: 0.001 })).toBeGreaterThan(expected);
  });

  it('says what so few images cannot promise; degraded copies of them do not count', () => {
    const degraded = scores.map((score, i) => ({ image: `${i}.png`, score, degraded: true }));
    const copied = { threshold: 2, calibration: { ...calibration, scores: [...calibration.scores, ...degraded] } };
    expect(falseAlarmsOf(copied, { falseAlarms: 0.005 })).toMatchObject({
      wanted: 0.005,
      images: 40,
      least: 1 / 41,
      lack: 'with 40 held-out images no rule can promise less than 2.4 % of false alarms',
    });
    expect(falseAlarmsOf(copied, { falseAlarms: 0.025 })).toMatchObject({ lack: undefined });
  });

  it('is nothing that was asked for where it is a factor, or there is none', () => {
    expect(falseAlarmsOf(model, { factor: 1.1 })).toBeUndefined();
    expect(falseAlarmsOf(model, undefined)).toBeUndefined();
  });
});
