import { describe, expect, it } from 'vitest';
import { verdictOf } from '../../../src/line/inspection/verdict.js';
import { frame } from '../../fixtures/frames.js';

describe('a verdict', () => {
  it.each([
    [1.7, 'good'],
    [1.8, 'review'],
    [1.99, 'review'],
    [2, 'anomalous'],
  ])('on a score of %d, at a threshold of 2 with a band from 0.9 of it on, is %s', (score, verdict) => {
    expect(verdictOf(frame(0), score, 2, { review: 0.9 })).toMatchObject({
      verdict,
      anomalous: verdict === 'anomalous',
    });
  });

  it('says what is odd about a frame as a whole; that it is of another scene, only of an anomalous one', () => {
    expect(verdictOf(frame(0), 3, 2, { scene: 'other' }).scene).toBe('other');
    expect(verdictOf(frame(0), 1, 2, { scene: 'other' })).not.toHaveProperty('scene');
    expect(verdictOf(frame(0), 1, 2, { scene: 'dark' }).scene).toBe('dark');
    expect(verdictOf(frame(0), 3, 2, { scene: null })).not.toHaveProperty('scene');
  });

  it('asks for no review where no band is configured', () => {
    expect(verdictOf(frame(0), 1.99, 2)).toMatchObject({ verdict: 'good', anomalous: false });
  });
});
