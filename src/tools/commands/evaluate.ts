import { Command } from 'commander';
import type { ConfiguredReview } from '../../learning/calibration/limits.js';
import type { FullEvaluation } from '../../learning/evaluation/full-evaluation.js';
import type { PrecisionChoice } from '../../method/bundle/precision.js';
import type { EngineName } from '../../method/engine/engines.js';
import type { AurocDifference } from '../../method/metrics/bootstrap.js';
import { type DatasetChoice, tellDataset, withDatasetOptions } from './dataset-options.js';
import { deviceOption } from './device.js';
import { engineOption } from './engine.js';
import { judgeDataset, unlearned } from './judge-dataset.js';
import { precisionOption } from './precision-option.js';
import { reportFile } from './report-file.js';
import { reviewOption } from './review-option.js';
import { describeScene } from './scene-line.js';
import { threadsOption } from './threads.js';

interface Options extends DatasetChoice {
  readonly model: string;
  readonly compare?: string;
  readonly report?: string;
  readonly engine: EngineName;
  readonly device: string;
  readonly threads?: number;
  readonly json: boolean;
  readonly precision: PrecisionChoice;
  readonly review?: ConfiguredReview;
}

export const evaluate = withDatasetOptions(
  new Command('eval')
    .description('measure how well a bundle separates good images from defective ones')
    .requiredOption('--model <folder>', 'the bundle to measure'),
  'good and defective images (and masks), or good ones alone',
)
  .option('--compare <folder>', 'a second bundle to compare on the same images')
  .option('--report <file>', 'write a report, one HTML file that needs no network')
  .addOption(engineOption())
  .addOption(deviceOption().default('auto'))
  .addOption(precisionOption())
  .addOption(reviewOption())
  .addOption(threadsOption())
  .option('--json', 'print the result as JSON', false)
  .action(async (options: Options) => {
    const { model, compare, report, engine, device, threads, precision, review, json, ...source } = options;
    const judging = { engine, device, threads, precision, review };
    const page = report === undefined ? undefined : await reportFile(report);
    const models = compare === undefined ? [model] : [model, compare];
    const dataset = await unlearned(await tellDataset(source), models);
    const first = await judgeDataset(model, dataset, judging);
    if (page) {
      const { evaluationReport } = await import('../report/report.js');
      await page.write(await evaluationReport(first.bundle, dataset.root, first));
    }
    if (compare === undefined) {
      console.log(json ? JSON.stringify(first.evaluation, null, 2) : evaluationText(first.evaluation));
      return;
    }
    const second = await judgeDataset(compare, dataset, judging);
    const { pairedBootstrap } = await import('../../method/metrics/bootstrap.js');
    const labels = first.images.map(({ kind }) => kind !== 'good');
    const [a, b] = [first, second].map(({ images }) => images.map(({ score }) => score));
    const imageAuroc = pairedBootstrap(a, b, labels);
    const comparison = { models, evaluations: [first.evaluation, second.evaluation], imageAuroc };
    console.log(json ? JSON.stringify(comparison, null, 2) : describeComparison(comparison));
  });

interface Comparison {
  readonly models: readonly string[];
  readonly evaluations: readonly FullEvaluation[];
  readonly imageAuroc: AurocDifference | null;
}

/** Two bundles side by side, and whether chance alone might explain the difference. */
export function describeComparison({ models, evaluations, imageAuroc }: Comparison): string {
  const row = (name: string, value: (evaluation: FullEvaluation) => string) => [name, ...evaluations.map(value)];
  const rows = [
    ['', ...models],
    row('image AUROC', (evaluation) => figure(evaluation.imageAuroc)),
    row('pixel AUROC', (evaluation) => figure(evaluation.pixelAuroc)),
    row('PRO', (evaluation) => figure(evaluation.pro)),
    row('best F1', (evaluation) => figure(evaluation.f1)),
    row('defects caught', (evaluation) => percentage(evaluation.truePositiveRate)),
    row('false alarms', (evaluation) => percentage(evaluation.falsePositiveRate)),
    ...(evaluations.some(({ scene }) => scene)
      ? [row('good scores, MADs', ({ scene }) => (scene ? signed(scene.deviations) : '-'))]
      : []),
    ...(evaluations.some(({ review }) => review)
      ? [row('for review', ({ review }) => (review ? `${review.good} good, ${review.defective} defective` : '-'))]
      : []),
  ];
  if (!imageAuroc) return table(rows);
  const { difference, low, high, samples } = imageAuroc;
  const interval = `95 % of ${samples} resamplings between ${signed(low)} and ${signed(high)}`;
  const verdict = low > 0 || high < 0 ? 'chance alone does not explain it' : 'chance alone may explain it';
  return `${table(rows)}\n\ndifference of image AUROC ${signed(difference)} (${interval}): ${verdict}`;
}

/** The result for people: the figures, then a table by kind. */
export function evaluationText(evaluation: FullEvaluation): string {
  const { confusion, kinds, threshold, review, scene } = evaluation;
  const good = confusion.trueNegatives + confusion.falsePositives;
  const defective = confusion.truePositives + confusion.falseNegatives;
  const best = evaluation.f1Threshold === null ? '' : `  at a threshold of ${evaluation.f1Threshold.toPrecision(4)}`;
  const figures = [
    ['images', `${evaluation.images}: ${good} good, ${defective} defective`],
    ['image AUROC', figure(evaluation.imageAuroc)],
    ['pixel AUROC', figure(evaluation.pixelAuroc)],
    ['PRO', figure(evaluation.pro)],
    ['best F1', `${figure(evaluation.f1)}${best}`],
    ['threshold', threshold.toPrecision(4)],
    ['  defects caught', share(confusion.truePositives, defective)],
    ['  false alarms', share(confusion.falsePositives, good)],
    ...(review
      ? [['for review', `from ${review.from.toPrecision(4)} on: ${review.good} good, ${review.defective} defective`]]
      : []),
    ...(scene ? [['good scores', describeScene(scene)]] : []),
  ];
  const rows = kinds.map(({ kind, images, anomalous, auroc }) => [
    kind,
    String(images),
    share(anomalous, images),
    figure(auroc),
  ]);
  return `${table(figures)}\n\n${table([['kind', 'images', 'called anomalous', 'AUROC'], ...rows])}`;
}

function figure(value: number | null): string {
  return value === null ? '-' : value.toFixed(4);
}

const percentage = (rate: number | null): string => (rate === null ? '-' : `${(100 * rate).toFixed(1)} %`);

const signed = (value: number): string => `${value < 0 ? '' : '+'}${value.toFixed(4)}`;

function share(count: number, total: number): string {
  return total === 0 ? '-' : `${count} of ${total}  ${((100 * count) / total).toFixed(1)} %`;
}

/** Columns as wide as their widest cell, two spaces between. */
function table(rows: readonly (readonly string[])[]): string {
  const widths = rows[0].map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}
