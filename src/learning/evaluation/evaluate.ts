import type { Bundle } from '../../method/bundle/read.js';
import { averagePrecision, bestF1, type Confusion, confusionAt } from '../../method/metrics/classification.js';
import { perRegionOverlap, pixelAuroc } from '../../method/metrics/pixels.js';
import { auroc } from '../../method/metrics/roc.js';
import type { Dataset } from '../dataset/dataset.js';
import { type JudgedImages, type JudgeTestsOptions, judgeTests, type ScoredImage } from './judge-tests.js';

/** How good a bundle is on labelled images. Values from 0 to 1; null where the images cannot tell. */
export interface Evaluation {
  /** Number of images judged. */
  readonly images: number;
  readonly imageAuroc: number | null;
  readonly averagePrecision: number | null;
  /** Over all pixels, at the size of the detector's input; needs masks. */
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

/** All that can be told of judged images, at a threshold. */
export function evaluateJudged({ images, labelledMaps }: JudgedImages, threshold: number): Evaluation {
  return {
    ...evaluateScores(images, threshold),
    pixelAuroc: labelledMaps && pixelAuroc(labelledMaps),
    pro: labelledMaps && perRegionOverlap(labelledMaps),
  };
}

/**
 * Judges the test images of a dataset, or all images of a plain folder, which count as good, at the bundle's threshold.
 *
 * @throws KdadError DATASET_INVALID, IMAGE_UNREADABLE, ENGINE_FAILED; the signal's reason when aborted
 */
export async function evaluate(bundle: Bundle, dataset: Dataset, options: JudgeTestsOptions = {}): Promise<Evaluation> {
  return evaluateJudged(await judgeTests(bundle, dataset, options), bundle.threshold);
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
