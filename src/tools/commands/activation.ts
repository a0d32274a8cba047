import { basename, dirname, join, resolve } from 'node:path';
import { KdadError } from '../../common/errors.js';
import type { Dataset, DatasetSource } from '../../learning/dataset/dataset.js';
import type { DetectorOptions } from '../../method/detector/open-detector.js';
import { precisionFor } from '../../method/detector/precision.js';
import { tellDataset } from './dataset-options.js';
import { judgeDataset, unlearned } from './judge-dataset.js';

/** Trained or asked for, but not put to use, since it is worse than what is in use. */
export const NOT_ACTIVATED = 1;

/** For the help. */
export const CRITERION = `"Worse" means worse beyond chance, with 95 % confidence: a lower image AUROC (paired bootstrap), or more false alarms
or missed defects at the threshold (among the images that the two judge differently). The exit code is ${NOT_ACTIVATED} when the version
is worse and therefore not used.`;

/**
 * Verifies a version of a store and puts it to use, unless it is worse than the one in use on the evaluation set, and
 * prints why.
 *
 * @param evaluation dataset to compare on; without it the version only has to be whole
 * @returns whether it is in use now
 * @throws KdadError BUNDLE_MISSING, BUNDLE_DAMAGED, BUNDLE_UNSUPPORTED, INFERENCE_FAILED, DATASET_INVALID
 */
export async function activateVersion(
  store: string,
  version: string,
  evaluation?: DatasetSource,
  options: DetectorOptions = {},
): Promise<boolean> {
  const [{ openBundle }, { prove }, { activate, readStore }] = await Promise.all([
    import('../../method/bundle/read.js'),
    import('../../line/inspection/prove.js'),
    import('../../method/bundle/store.js'),
  ]);
  const { current } = await readStore(store);
  await prove(await openBundle(resolve(store, version), precisionFor('auto', options)), options);
  if (evaluation !== undefined && current !== undefined && current !== version) {
    const { compareForUse } = await import('../../learning/evaluation/succession.js');
    const models = [join(store, current), join(store, version)];
    const dataset = await unlearned(await tellDataset(evaluation), models);
    const [old, fresh] = [await candidate(models[0], dataset, options), await candidate(models[1], dataset, options)];
    const { worse, reasons } = compareForUse(old, fresh);
    console.log([`Compared with ${current} on ${dataset.root}:`, ...reasons.map((reason) => `  ${reason}`)].join('\n'));
    if (worse) {
      console.log(`${version} is not put to use: ${current} is better, and stays`);
      return false;
    }
  }
  await activate(store, version);
  console.log(`${version} is in use${current && current !== version ? `, ${current} was` : ''}`);
  return true;
}

async function candidate(model: string, dataset: Dataset, options: DetectorOptions) {
  const { bundle, images } = await judgeDataset(model, dataset, options);
  return { images, threshold: bundle.threshold };
}

/** Where `--out` lies in a store: found out before the training, not after it. @throws KdadError USAGE */
export function placeInStore(out: string): { readonly store: string; readonly version: string } {
  const version = basename(resolve(out));
  if (version === 'current' || version === 'previous' || version.startsWith('.')) {
    throw new KdadError('USAGE', `--out ${out}: expected a version's own folder in its store, say models/parts/2`);
  }
  return { store: dirname(resolve(out)), version };
}

/** The images to compare on: those asked for, else the dataset's own tests. @throws KdadError DATASET_INVALID */
export async function evaluationSet(
  data: DatasetSource,
  asked: string | undefined,
): Promise<DatasetSource | undefined> {
  const { findDataset, testsOf } = await import('../../learning/dataset/dataset.js');
  if (asked === undefined) return (await findDataset(data)).tests.length > 0 ? data : undefined;
  if (testsOf(await findDataset(asked)).length === 0) {
    throw new KdadError('DATASET_INVALID', `${asked}: no images to evaluate on; expected tests, or good images alone`);
  }
  return asked;
}
