import { readFileSync } from 'node:fs';

/** Computed by test/fixtures/golden/metrics.py with scikit-learn and SciPy. */
export const golden: {
  scores: number[];
  labels: boolean[];
  other: number[];
  auroc: number;
  averagePrecision: number;
  bestF1: number;
  bestF1Score: number;
  spearman: number;
  mapSize: [number, number];
  masks: number[];
  maps: number[];
  pixelAuroc: number;
  perRegionOverlap: Record<string, number>;
} = JSON.parse(readFileSync(new URL('../../fixtures/golden/metrics.json', import.meta.url), 'utf8'));
