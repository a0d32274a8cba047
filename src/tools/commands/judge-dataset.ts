import type { ConfiguredReview } from '../../learning/calibration/limits.js';
import type { Dataset } from '../../learning/dataset/dataset.js';
import type { FullEvaluation } from '../../learning/evaluation/full-evaluation.js';
import type { PrecisionChoice } from '../../method/bundle/precision.js';
import type { Bundle } from '../../method/bundle/read.js';
import type { DetectorOptions } from '../../method/detector/open-detector.js';
import { precisionFor } from '../../method/detector/precision.js';
import type { JudgedTests } from '../report/report.js';
import { tellFallback } from './device.js';
import { ProgressLine } from './progress-line.js';

interface JudgeDatasetOptions extends DetectorOptions {
  readonly precision?: PrecisionChoice;
  /** The band below the threshold that is to be reviewed. */
  readonly review?: ConfiguredReview;
}

/** Judges a dataset's test images with a bundle, and says on the terminal how far it is. */
export async function judgeDataset(
  model: string,
  dataset: Dataset,
  { precision = 'auto', review, ...options }: JudgeDatasetOptions = {},
): Promise<JudgedTests & { readonly bundle: Bundle; readonly evaluation: FullEvaluation }> {
  const [{ openBundle }, { judgeTests }, { evaluateFully }, { limitNotes }] = await Promise.all([
    import('../../method/bundle/read.js'),
    import('../../learning/evaluation/judge-tests.js'),
    import('../../learning/evaluation/full-evaluation.js'),
    import('../../learning/calibration/limit-notes.js'),
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
  for (const { text, warning } of limitNotes(bundle, { review })) if (warning) console.error(`kdad-edge: ${text}`);
  return { bundle, ...judged, evaluation: evaluateFully(bundle, judged, review) };
}

/** A dataset without what these bundles have learned from, and says how much that is. */
export async function unlearned(dataset: Dataset, models: readonly string[]): Promise<Dataset> {
  const [{ openBundle }, { withoutLearned }] = await Promise.all([
    import('../../method/bundle/read.js'),
    import('../../learning/evaluation/unlearned.js'),
  ]);
  const manifests = (await Promise.all(models.map((model) => openBundle(model)))).map(({ manifest }) => manifest);
  const { dataset: left, learned } = await withoutLearned(dataset, manifests);
  if (learned > 0) console.error(`  ${learned} images are not judged: the model has learned from them`);
  return left;
}
