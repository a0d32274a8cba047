import { describe, expect, it } from 'vitest';
import type { Opinion } from '../../../src/learning/memory/opinions.js';
import { weigh } from '../../../src/learning/memory/weigh.js';
import { scoreOf } from '../../../src/method/detector/scoring.js';

const options = { scoring: 'max', tiles: 1, layerWeights: [1, 2], folds: 5, studentWeight: 0.25 } as const;

/** A map of four values of which the last is the largest. */
const map = (level: number, largest: number) => Float32Array.of(level, level, level, largest);

/** Opinions of eight images, of which the student has learned from six; its maps of those are half as high. */
const all = Array.from({ length: 8 }, (_, i): Opinion => {
  const learned = i >= 2;
  const [low, high] = [10 + i, 0.1 + 0.01 * i];
  const student = (learned ? 0.5 : 1) * (2 + (i % 2));
  const maps = [map(low, 2 * low), map(high, 3 * high), map(student, student)];
  return { image: `${i}.png`, degraded: false, learned, maps };
});

describe('what the parts of a detector weigh', () => {
  it('brings layers of any scale to the means that they weigh, and good images to a mean score of 1', () => {
    const { weights, scores } = weigh({ all, fewer: [] }, options);
    const means = [0, 1].map((layer) => {
      const values = all.flatMap(({ maps }) => [...maps[layer]]);
      return (weights[layer] * values.reduce((a, b) => a + b)) / values.length;
    });
    expect(2 * means[0]).toBeCloseTo(means[1], 5);
    expect(scores.reduce((sum, { score }) => sum + score, 0) / scores.length).toBeCloseTo(1, 6);
    expect(scores.map(({ image }) => image)).toEqual(all.map(({ image }) => image));
  });

  it('scores by the weighed maps, with those that the student has learned raised to the others', () => {
    const { weights, scores } = weigh({ all, fewer: [] }, options);
    for (const [i, { maps, learned }] of all.entries()) {
      const sum = maps[0].map((_, place) =>
        maps.reduce((total, own, layer) => total + (layer === 2 && learned ? 2 : 1) * weights[layer] * own[place], 0),
      );
      // Of a score by the largest value the background is no part.
      expect(scores[i].score).toBeCloseTo(scoreOf(sum, { by: 'max' }), 5);
    }
  });

  it('gives the student no part where it weighs nothing or is not there', () => {
    expect(weigh({ all, fewer: [] }, { ...options, studentWeight: 0 }).weights[2]).toBe(0);
    const alone = all.map(({ maps, ...opinion }) => ({ ...opinion, maps: maps.slice(0, 2) }));
    expect(weigh({ all: alone, fewer: [] }, options).weights).toHaveLength(2);
  });

  it('lowers the spread of scores by what the image’s own fold adds to the memory', () => {
    const alone = all.map(({ maps, ...opinion }) => ({ ...opinion, maps: maps.slice(0, 2) }));
    // With three folds distances are larger than with four: so with five they are smaller.
    const fewer = alone.map((opinion) => {
      const maps = opinion.maps.map((values) => values.map((value) => (4 / 3) ** 0.5 * value));
      return [opinion, { ...opinion, maps }] as const;
    });
    const before = weigh({ all: alone, fewer: [] }, options);
    const after = weigh({ all: alone, fewer }, options);
    const growth = before.weights[0] / after.weights[0];
    expect(growth).toBeCloseTo((5 / 4) ** -0.5, 3);
  });
});
