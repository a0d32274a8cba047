import type { PrecisionChoice } from '../bundle/precision.js';
import type { Bundle } from '../bundle/read.js';
import type { Dataset } from '../data/dataset.js';
import type { DetectorOptions } from '../detector/detector.js';
import { precisionFor } from '../detector/precision.js';
import type { JudgedTests } from '../report/report.js';
import { tellFallback } from './device.js';
import { ProgressLine } from './progress-line.js';

/** Judges a dataset's test images with a bundle, and says on the terminal how far it is. */
export async function judge(
  model: string,
  dataset: Dataset,
  { precision = 'auto', ...options }: DetectorOptions & { readonly precision?: PrecisionChoice } = {},
): Promise<JudgedTests & { readonly bundle: Bundle }> {
  const [{ openBundle }, { judgeTests }, { evaluateJudged }] = await Promise.all([
    import('../bundle/read.js'),
    import('../training/judge-tests.js'),
    import('../training/evaluate.js'),
  ]);
  const bundle = await openBundle(model, precisionFor(precision, options));
  const line = new ProgressLine();
  const onProgress = (done: number, total: number) => line.update(`Judging images ${done}/${total}`);
  const judged = await judgeTests(bundle, dataset, {
    onDevice: tellFallback,
    ...options,
    onProgress,
  });
  line.finish();
  for (const note of judged.notes) console.error(`kdad-edge: ${note}`);
  return { bundle, ...judged, evaluation: evaluateJudged(judged, bundle.threshold) };
}

/** A dataset without what these bundles have learned from, and says how much that is. */
export async function unlearned(dataset: Dataset, models: readonly string[]): Promise<Dataset> {
  const [{ openBundle }, { withoutLearned }] = await Promise.all([
    import('../bundle/read.js'),
    import('../training/unlearned.js'),
  ]);
  const manifests = (await Promise.all(models.map((model) => openBundle(model)))).map(({ manifest }) => manifest);
  const { dataset: left, learned } = await withoutLearned(dataset, manifests);
  if (learned > 0) console.error(`  ${learned} images are not judged: the model has learned from them`);
  return left;
}
