import { describe, expect, it } from 'vitest';
import { normalFrom, randomFrom } from '../../../src/common/random.js';
import { pairedBootstrap } from '../../../src/method/metrics/bootstrap.js';

const normal = normalFrom(randomFrom(1));
const labels = Array.from({ length: 120 }, (_, i) => i % 2 === 1);
const scores = (separation: number) => labels.map((anomalous) => normal() + (anomalous ? separation : 0));

describe('the paired bootstrap', () => {
  it('finds no difference of a detector to itself', () => {
    const same = scores(1);
    expect(pairedBootstrap(same, same, labels)).toMatchObject({ difference: 0, low: 0, high: 0 });
  });

  it('is sure of a large difference, and of its direction', () => {
    const [weak, strong] = [scores(0.3), scores(3)];
    const better = pairedBootstrap(weak, strong, labels);
    expect(better?.low).toBeGreaterThan(0.1);
    expect(pairedBootstrap(strong, weak, labels)?.high).toBeLessThan(-0.1);
  });

  it('is unsure of detectors that are equally good', () => {
    const result = pairedBootstrap(scores(1), scores(1), labels);
    expect(result?.low).toBeLessThan(0);
    expect(result?.high).toBeGreaterThan(0);
  });

  it('sees that two noisy detectors which err alike differ surely', () => {
    // The second one is the first with a little more separation: unpaired intervals would overlap widely.
    const first = scores(1);
    const second = first.map((score, i) => score + (labels[i] ? 0.25 : 0));
    expect(pairedBootstrap(first, second, labels)?.low).toBeGreaterThan(0);
  });

  it('is the same each time, and null where there is nothing to tell apart', () => {
    const [a, b] = [scores(1), scores(1)];
    expect(pairedBootstrap(a, b, labels)).toEqual(pairedBootstrap(a, b, labels));
    expect(pairedBootstrap([1, 2], [1, 2], [false, false])).toBeNull();
  });
});
