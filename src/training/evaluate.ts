import { join } from 'node:path';
import type { Bundle } from '../bundle/read.js';
import type { Dataset, TestImage } from '../data/dataset.js';
import { readMask } from '../data/image.js';
import { loadImages } from '../data/load-images.js';
import { DetectorSession } from '../engine/onnx/session.js';
import { KdadError } from '../errors.js';
import { averagePrecision, bestF1, type Confusion, confusionAt } from './metrics/classification.js';
import { type LabelledMaps, perRegionOverlap, pixelAuroc } from './metrics/pixels.js';
import { auroc } from './metrics/roc.js';

/** How good a bundle is on labelled images. Values from 0 to 1; null where the images cannot tell. */
export interface Evaluation {
  /** Number of images judged. */
  readonly images: number;
  readonly imageAuroc: number | null;
  readonly averagePrecision: number | null;
  /** Over all pixels, at the resolution of the anomaly map; needs masks. */
  readonly pixelAuroc: number | null;
  /** Per-region overlap up to a false positive rate of 30 %; needs masks. */
  readonly pro: number | null;
  /** The best F1 that any threshold reaches on these images, and that threshold. */
  readonly f1: number | null;
  readonly f1Threshold: number | null;
  /** The bundle's threshold, which the values below are at. */
  readonly threshold: number;
  /** Part of the defective images called anomalous. */
  readonly truePositiveRate: number | null;
  /** Part of the good images called anomalous. */
  readonly falsePositiveRate: number | null;
  readonly confusion: Confusion;
  readonly kinds: readonly KindEvaluation[];
}

/** The images of one kind of defect, or the good ones. */
export interface KindEvaluation {
  readonly kind: string;
  readonly images: number;
  /** Images called anomalous at the bundle's threshold. */
  readonly anomalous: number;
  /** Against the good images; null for the good ones themselves. */
  readonly auroc: number | null;
}

/** A judged image with its truth. */
export interface ScoredImage {
  readonly kind: string;
  readonly score: number;
}

export interface EvaluateOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Judges the test images of a dataset, or all images of a plain folder, which count as good.
 *
 * @throws KdadError DATASET_INVALID, IMAGE_UNREADABLE, ENGINE_FAILED; the signal's reason when aborted
 */
export async function evaluate(bundle: Bundle, dataset: Dataset, options: EvaluateOptions = {}): Promise<Evaluation> {
  const tests = dataset.layout === 'folder' ? dataset.good.map((path) => ({ path, kind: 'good' })) : dataset.tests;
  if (tests.length === 0) {
    throw new KdadError('DATASET_INVALID', `${join(dataset.root, 'test')}: no images to evaluate on`);
  }
  const { scored, labelledMaps } = await judge(bundle, dataset.root, tests, options);
  return {
    ...evaluateScores(scored, bundle.manifest.threshold.value),
    pixelAuroc: labelledMaps && pixelAuroc(labelledMaps),
    pro: labelledMaps && perRegionOverlap(labelledMaps),
  };
}

/** All that scores alone can tell. */
export function evaluateScores(
  scored: readonly ScoredImage[],
  threshold: number,
): Omit<Evaluation, 'pixelAuroc' | 'pro'> {
  const scores = scored.map(({ score }) => score);
  const labels = scored.map(({ kind }) => kind !== 'good');
  const good = scores.filter((_, i) => !labels[i]);
  const defective = scores.filter((_, i) => labels[i]);
  const confusion = confusionAt({ scores, labels }, threshold);
  const best = bestF1({ scores, labels });
  return {
    images: scored.length,
    imageAuroc: auroc(defective, good),
    averagePrecision: averagePrecision({ scores, labels }),
    f1: best?.f1 ?? null,
    f1Threshold: best?.threshold ?? null,
    threshold,
    truePositiveRate: rate(confusion.truePositives, defective.length),
    falsePositiveRate: rate(confusion.falsePositives, good.length),
    confusion,
    kinds: kindsOf(scored).map((kind) => {
      const ofKind = scored.filter((image) => image.kind === kind).map(({ score }) => score);
      return {
        kind,
        images: ofKind.length,
        anomalous: ofKind.filter((score) => score >= threshold).length,
        auroc: kind === 'good' ? null : auroc(ofKind, good),
      };
    }),
  };
}

/** The good ones first. */
function kindsOf(scored: readonly ScoredImage[]): string[] {
  const kinds = [...new Set(scored.map(({ kind }) => kind))].sort();
  return [...kinds.filter((kind) => kind === 'good'), ...kinds.filter((kind) => kind !== 'good')];
}

function rate(count: number, total: number): number | null {
  return total === 0 ? null : count / total;
}

/** Runs the detector over the images; keeps its maps where there are masks to compare them with. */
async function judge(
  { manifest, detectorPath }: Bundle,
  root: string,
  tests: readonly TestImage[],
  { signal, onProgress }: EvaluateOptions,
): Promise<{ scored: ScoredImage[]; labelledMaps: LabelledMaps | null }> {
  const masked = tests.some(({ mask }) => mask !== undefined);
  const scored: ScoredImage[] = [];
  let labelled: LabelledMaps | null = null;
  const session = await DetectorSession.load(detectorPath);
  try {
    for (let start = 0; start < tests.length; start += manifest.detector.maxBatch) {
      const batch = tests.slice(start, start + manifest.detector.maxBatch);
      const paths = batch.map(({ path }) => join(root, path));
      const frames = await loadImages(paths, manifest.preprocessing, { signal });
      const { scores, maps, mapSize } = await session.run(frames, batch.length);
      for (const [i, { kind, path }] of batch.entries()) {
        if (!Number.isFinite(scores[i])) throw new KdadError('INFERENCE_FAILED', `${path}: the score is ${scores[i]}`);
        scored.push({ kind, score: scores[i] });
      }
      if (masked) {
        labelled ??= emptyMaps(tests.length, mapSize);
        labelled.maps.set(maps, start * mapSize[0] * mapSize[1]);
        await readMasks(labelled, root, batch, start);
      }
      onProgress?.(start + batch.length, tests.length);
    }
  } finally {
    await session.dispose();
  }
  return { scored, labelledMaps: labelled };
}

function emptyMaps(images: number, mapSize: readonly [number, number]): LabelledMaps {
  const pixels = images * mapSize[0] * mapSize[1];
  return { maps: new Float32Array(pixels), masks: new Uint8Array(pixels), mapSize };
}

async function readMasks(
  { masks, mapSize }: LabelledMaps,
  root: string,
  batch: readonly TestImage[],
  start: number,
): Promise<void> {
  for (const [i, { mask }] of batch.entries()) {
    if (mask === undefined) continue;
    masks.set(await readMask(join(root, mask), mapSize), (start + i) * mapSize[0] * mapSize[1]);
  }
}
