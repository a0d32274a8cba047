import { describe, expect, it } from 'vitest';
import { convolutionPeak } from '../../../src/tools/benchmark/convolution-peak.js';
import { operationsOf, roofline } from '../../../src/tools/benchmark/roofline.js';

/**
 * Of one ResNet-18 up to layer3 on 256 x 256 pixels, layer by layer: products of channels, filter and pixels of what
 * comes out.
 */
const stem = 3 * 64 * 49 * 128 ** 2;
const layer1 = 4 * 64 * 64 * 9 * 64 ** 2;
const layer2 = (64 * 128 * (9 + 1) + 3 * 128 * 128 * 9) * 32 ** 2;
const layer3 = (128 * 256 * (9 + 1) + 3 * 256 * 256 * 9) * 16 ** 2;

describe('the operations of a detector', () => {
  it('are those of both networks, two for each product', () => {
    expect(operationsOf([256, 256], false)).toBe(4 * (stem + layer1 + layer2 + layer3));
    expect(operationsOf([256, 256], false) / 1e9).toBeCloseTo(7.3, 1);
  });

  it('are fewer by a stem where the student has none of its own', () => {
    expect(operationsOf([256, 256], false) - operationsOf([256, 256], true)).toBe(2 * stem);
  });

  it('grow with the pixels', () => {
    expect(operationsOf([512, 256], true)).toBe(2 * operationsOf([256, 256], true));
  });
});

it('the roofline tells the share of the peak at the best batch', () => {
  const inferenceMs = { fp32: { 1: 50, 8: 40 }, int8: { 1: 10, 8: 20 } };
  expect(roofline({ fp32: 400e9, int8: 1000e9 }, 8e9, inferenceMs)).toEqual({
    peak: { fp32: 400, int8: 1000 },
    operations: 8,
    reached: { fp32: { batch: 8, rate: 200, share: 0.5 }, int8: { batch: 1, rate: 800, share: 0.8 } },
  });
});

it('the peak is measured in floats and in bytes', async () => {
  const peak = await convolutionPeak({ threads: 1, repetition: { rounds: 1, runs: 1 } });
  expect(peak).toEqual({ fp32: expect.any(Number), int8: expect.any(Number) });
  for (const rate of Object.values(peak)) expect(rate).toBeGreaterThan(0);
});
