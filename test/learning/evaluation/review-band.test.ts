import { expect, it } from 'vitest';
import { reviewBand } from '../../../src/learning/evaluation/review-band.js';

it('counts what lies in a band to be reviewed, the threshold not among it', () => {
  const images = [0.8, 0.9, 0.95, 1].flatMap((score) => ['good', 'scratch'].map((kind) => ({ kind, score })));
  expect(reviewBand(images, 0.9, 1)).toEqual({ from: 0.9, good: 2, defective: 2 });
});
