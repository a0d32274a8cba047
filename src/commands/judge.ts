import type { PrecisionChoice } from '../bundle/precision.js';
import type { Bundle } from '../bundle/read.js';
import type { DetectorOptions } from '../detector/detector.js';
import { precisionFor } from '../detector/precision.js';
import type { JudgedTests } from '../report/report.js';
import { tellFallback } from './device.js';
import { ProgressLine } from './progress-line.js';

/** Judges a dataset's test images with a bundle, and says on the terminal how far it is. */
export async function judge(
  model: string,
  data: string,
  { precision = 'auto', ...options }: DetectorOptions & { readonly precision?: PrecisionChoice } = {},
): Promise<JudgedTests & { readonly bundle: Bundle }> {
  const [{ openBundle }, { findDataset }, { judgeTests }, { evaluateJudged }] = await Promise.all([
    import('../bundle/read.js'),
    import('../data/dataset.js'),
    import('../training/judge-tests.js'),
    import('../training/evaluate.js'),
  ]);
  const bundle = await openBundle(model, precisionFor(precision, options));
  const line = new ProgressLine();
  const onProgress = (done: number, total: number) => line.update(`Judging images ${done}/${total}`);
  const judged = await judgeTests(bundle, await findDataset(data), {
    onDevice: tellFallback,
    ...options,
    onProgress,
  });
  line.finish();
  return { bundle, ...judged, evaluation: evaluateJudged(judged, bundle.threshold) };
}
