import type { Manifest } from '../../method/bundle/manifest.js';
import { type Dataset, testsOf } from '../dataset/dataset.js';
import { fingerprint } from '../dataset/fingerprint.js';

/**
 * A dataset without the tests that a bundle has learned from: where nothing keeps good images apart for testing, those
 * to learn from are tests, too, and a model knows them too well. Only the very images of the training are recognised.
 *
 * @param bundles manifests of all that will judge it, so that they judge the same
 * @throws KdadError IMAGE_UNREADABLE
 */
export async function withoutLearned(
  dataset: Dataset,
  bundles: readonly Pick<Manifest, 'data' | 'split'>[],
): Promise<{ readonly dataset: Dataset; readonly learned: number }> {
  const tests = testsOf(dataset);
  const candidates = new Set(dataset.good);
  if (!tests.some(({ path }) => candidates.has(path))) return { dataset, learned: 0 };
  const images = await fingerprint(dataset.root, dataset.good);
  const learned = new Set(bundles.filter(({ data }) => data.sha256 === images).flatMap(({ split }) => split.training));
  const left = tests.filter(({ path }) => !learned.has(path));
  return { dataset: { ...dataset, tests: left }, learned: tests.length - left.length };
}
