import { basename } from 'node:path';
import { describeFalseAlarms } from '../../learning/calibration/calibration.js';
import { describeOdd, oddImages } from '../../learning/calibration/odd-images.js';
import type { Bundle } from '../../method/bundle/read.js';
import { describeFrames } from '../../method/images/tiles.js';
import { calibrationChart, trainingCurves } from './charts.js';
import { type Html, html } from './html.js';
import { facts, section } from './page.js';

/** How the bundle came about: training, calibration. */
export function trainingSections({ manifest, calibration, threshold, precision }: Bundle): Html[] {
  const { epochs, bestEpoch } = manifest.training;
  const { rule, parameters } = calibration;
  const rules = Object.entries(parameters).map(([name, parameter]) => `${name} ${parameter}`);
  const odd = describeOdd(oddImages(calibration.scores));
  const scores = calibration.scores.map(({ score }) => score);
  return [
    section(
      'Calibration of the threshold',
      `${scores.length} pictures of good parts, judged by what had not learned from them, gave ${threshold.toPrecision(4)}, by the rule ${rule} (${rules.join(', ')}), judged in ${precision}. ${describeFalseAlarms(calibration.falseAlarms)}.`,
      calibrationChart(scores, threshold),
      ...(odd === undefined ? [] : [html`<p>${`Images that ${odd}.`}</p>`]),
    ),
    ...(epochs.length === 0
      ? []
      : [
          section(
            'Training',
            `The student of epoch ${bestEpoch} of ${epochs.length} was kept.`,
            trainingCurves(epochs, bestEpoch),
          ),
        ]),
  ];
}

/**
 * Everything needed to know which model and data this was, and to make it again.
 * @param others facts beside the bundle's
 */
export function provenance(
  { manifest, precision, detectorPath }: Bundle,
  others: readonly (readonly [string, string])[],
): Html {
  const { recipe, split, versions, files, data, teacher } = manifest;
  const { name, seed, ...settings } = recipe;
  return section(
    'Provenance',
    'The same data, teacher, recipe, seed and versions make the same bytes. A fingerprint is the SHA-256 of what sha256sum prints for the files, sorted by path.',
    facts([
      ...others,
      ['images learned, held out', `${split.training.length}, ${split.validation.length}`],
      ['fingerprint of the good images', data.sha256],
      ['SHA-256 of the teacher', teacher.sha256],
      ['SHA-256 of the detector', files[basename(detectorPath)].sha256],
      ['frames', describeFrames(manifest.preprocessing)],
      ['precision', manifest.int8 ? `${precision} (of int8: ${manifest.int8.reason})` : precision],
      ['recipe, seed', `${name}, ${seed}`],
      ['settings', JSON.stringify(settings)],
      [
        'versions',
        [
          `kdad-edge ${versions.kdadEdge}`,
          `onnxruntime ${versions.onnxruntime}`,
          ...(versions.tensorflow ? [`trained on TensorFlow ${versions.tensorflow}`] : []),
        ].join(', '),
      ],
    ]),
  );
}
