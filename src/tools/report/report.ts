import { basename, resolve } from 'node:path';
import { fingerprint } from '../../learning/dataset/fingerprint.js';
import type { Evaluation } from '../../learning/evaluation/evaluate.js';
import type { JudgedImages } from '../../learning/evaluation/judge-tests.js';
import type { Bundle } from '../../method/bundle/read.js';
import { provenance, trainingSections } from './bundle-sections.js';
import { evaluationSections, summary, tile } from './evaluation.js';
import { exampleSections, instructiveExamples } from './examples.js';
import { html } from './html.js';
import { page } from './page.js';

/** Judged test images and what they tell. */
export interface JudgedTests extends JudgedImages {
  readonly evaluation: Evaluation;
}

/**
 * The page about a bundle and how it did on test images.
 *
 * @param root folder of the dataset
 * @throws KdadError IMAGE_UNREADABLE, ENGINE_FAILED
 */
export async function evaluationReport(
  bundle: Bundle,
  root: string,
  { images, evaluation }: JudgedTests,
): Promise<string> {
  const data = basename(resolve(root));
  const files = images.flatMap(({ path, masks = [] }) => [path, ...masks]);
  const groups = instructiveExamples(images, evaluation.threshold);
  return page(`Model ${bundle.name}, tested on ${data}`, `${images.length} test images`, [
    summary(evaluation),
    ...evaluationSections(images, evaluation),
    ...(await exampleSections(bundle, root, groups)),
    ...trainingSections(bundle),
    provenance(bundle, [
      ['model', bundle.name],
      ['test data', data],
      ['fingerprint of the test images', await fingerprint(root, files)],
    ]),
  ]);
}

/** Held-out good images shown in a training report. */
const HELD_OUT = 6;

/**
 * The page about a training without test images: what it learned from, and the held-out good images that look worst to
 * it.
 *
 * @param root folder that the bundle was trained on
 * @throws KdadError IMAGE_UNREADABLE, ENGINE_FAILED
 */
export async function trainingReport(bundle: Bundle, root: string): Promise<string> {
  const { split, training } = bundle.manifest;
  const data = basename(resolve(root));
  const plain = bundle.calibration.scores.filter(({ degraded }) => !degraded);
  const highest = plain.sort((a, b) => b.score - a.score).slice(0, HELD_OUT);
  const best = training.epochs[training.bestEpoch - 1];
  const tiles = [
    tile('images', `${split.training.length} + ${split.validation.length}`, 'learned, and held out for the threshold'),
    ...(best ? [tile('validation loss', best.validationLoss.toPrecision(3), `of epoch ${training.bestEpoch}`)] : []),
    tile('threshold', bundle.threshold.toPrecision(4), bundle.calibration.rule),
  ];
  return page(`Training of ${bundle.name}`, `${split.training.length + split.validation.length} good images`, [
    html`<dl class="tiles">${tiles}</dl>`,
    ...trainingSections(bundle),
    ...(await exampleSections(bundle, root, [
      {
        heading: 'Good images with the highest scores',
        explanation:
          'Look whether they really are good: what is odd about them counts as good otherwise. The maps are by the whole model, which knows the pictures, and show less than the scores.',
        images: highest.map(({ image, score }) => ({ path: image, kind: 'good', score })),
      },
    ])),
    provenance(bundle, [
      ['model', bundle.name],
      ['data', data],
    ]),
  ]);
}
