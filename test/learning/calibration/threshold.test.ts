import { describe, expect, it } from 'vitest';
import { falseAlarmsOf } from '../../../src/learning/calibration/false-alarms.js';
import { limitNotes } from '../../../src/learning/calibration/limit-notes.js';
import { reviewFrom, thresholdFor } from '../../../src/learning/calibration/threshold.js';
import { chooseThreshold } from '../../../src/learning/calibration/threshold-rules.js';
import type { Calibration } from '../../../src/method/bundle/calibration.js';

const scores = Array.from({ length: 40 }, (_, i) => 1 + i / 100);
const calibration = { scores: scores.map((score, i) => ({ image: `${i}.png`, score })) } as Calibration;
/** Whatever rule its own threshold came from. */
const model = { threshold: 2, calibration };

describe('a threshold for a rate of false alarms', () => {
  it('comes from the held-out scores by the rule that a few bad images move little', () => {
    const expected = chooseThreshold(scores, 'median-spread', { falseAlarms: 0.01 }).value;
    for (const _ of [1, 2]) expect(thresholdFor(model, { falseAlarms: 0.01 })).toBe(expected);
    expect(thresholdFor(model, { falseAlarms: 0.001 })).toBeGreaterThan(expected);
  });

  it('says what so few images cannot promise; degraded copies of them do not count', () => {
    const degraded = scores.map((score, i) => ({ image: `${i}.png`, score, degraded: true }));
    const copied = { threshold: 2, calibration: { ...calibration, scores: [...calibration.scores, ...degraded] } };
    expect(falseAlarmsOf(copied, { falseAlarms: 0.005 })).toEqual({ wanted: 0.005, images: 40, least: 1 / 41 });
    expect(limitNotes(copied, { threshold: { falseAlarms: 0.005 } })).toEqual([
      { text: expect.stringMatching(/with 40 held-out images no rule can promise less than 2\.4 %/), warning: true },
    ]);
    expect(limitNotes(copied, { threshold: { falseAlarms: 0.025 } })).toEqual([
      { text: expect.stringMatching(/^anomalous from a score of 1\.\d+ on, for 2\.5 % of false/), warning: false },
    ]);
  });

  it('is nothing that was asked for where it is a factor, or there is none', () => {
    expect(falseAlarmsOf(model, { factor: 1.1 })).toBeUndefined();
    expect(falseAlarmsOf(model, undefined)).toBeUndefined();
    expect(limitNotes(model, { threshold: { factor: 1.1 }, review: { factor: 0.9 } })).toEqual([]);
  });
});

describe('a band to be reviewed', () => {
  const at = (falseAlarms: number) => thresholdFor(model, { falseAlarms });

  it('begins at a part of the threshold, or where so many good parts lie above', () => {
    expect(reviewFrom(model, { review: { factor: 0.9 } })).toBe(0.9);
    expect(reviewFrom(model, { review: { falseAlarms: 0.05 } })).toBe(at(0.05) / 2);
    const threshold = { falseAlarms: 0.01 };
    expect(reviewFrom(model, { threshold, review: { falseAlarms: 0.05 } })).toBe(at(0.05) / at(0.01));
    expect(reviewFrom(model, { threshold })).toBeUndefined();
  });

  it('is told where the threshold leaves nothing of it', () => {
    const limits = { threshold: { factor: 0.5 }, review: { falseAlarms: 0.05 } };
    expect(reviewFrom(model, limits)).toBeUndefined();
    expect(limitNotes(model, limits)).toEqual([
      { text: 'nothing is to be reviewed: the threshold, 1.000, is lower', warning: true },
    ]);
  });
});
