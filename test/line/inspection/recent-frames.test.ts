import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RecentFrames } from '../../../src/line/inspection/recent-frames.js';
import { judged } from '../../fixtures/frames.js';

describe('the last frames of a camera', () => {
  it('tell how many were anomalous, and the first of the worst', () => {
    const scores = fc.array(fc.integer({ min: 0, max: 12 }), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(scores, fc.integer({ min: 1, max: 16 }), (tenths, window) => {
        const recent = new RecentFrames();
        for (const [i, tenth] of tenths.entries()) {
          const seen = tenths.slice(Math.max(0, i + 1 - window), i + 1);
          const { anomalous, worst } = recent.next(judged(i, tenth / 5), window);
          expect(anomalous).toBe(seen.filter((one) => one >= 5).length);
          if (tenth < 5) continue;
          expect(worst.verdict.score).toBe(Math.max(...seen) / 5);
          expect(worst.frame.sequence).toBe(Math.max(0, i + 1 - window) + seen.indexOf(Math.max(...seen)));
        }
      }),
    );
  });

  it.each([
    ['good ones', () => 0.5],
    ['anomalous ones', () => 2],
    ['anomalous ones, each better than the last', (i: number) => 3 - i / 1000],
    ['anomalous ones, each worse than the last', (i: number) => 1 + i / 1000],
  ])('hold the pixels of a few, however long the window: %s', (_, scoreOf) => {
    const recent = new RecentFrames();
    for (let i = 0; i < 1000; i++) {
      recent.next(judged(i, scoreOf(i)), 1000);
      expect(recent.held).toBeLessThanOrEqual(16);
    }
  });
});
