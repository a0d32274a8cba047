import { Command } from 'commander';
import type { Evaluation } from '../training/evaluate.js';
import { ProgressLine } from './progress-line.js';
import { endWithReader } from './reader.js';

interface Options {
  readonly model: string;
  readonly data: string;
  readonly json: boolean;
}

export const evaluate = new Command('eval')
  .description('measure how well a bundle tells good from defective images')
  .requiredOption('--model <folder>', 'a bundle')
  .requiredOption('--data <folder>', 'a dataset with test/<kind> (and ground_truth/<kind>), or a folder of good images')
  .option('--json', 'print the result as JSON', false)
  .action(async ({ model, data, json }: Options) => {
    const [{ openBundle }, { findDataset }, { evaluate: evaluateBundle }] = await Promise.all([
      import('../bundle/read.js'),
      import('../data/dataset.js'),
      import('../training/evaluate.js'),
    ]);
    endWithReader();
    const line = new ProgressLine();
    const evaluation = await evaluateBundle(await openBundle(model), await findDataset(data), {
      onProgress: (done, total) => line.update(`Judging images ${done}/${total}`),
    });
    line.finish();
    console.log(json ? JSON.stringify(evaluation, null, 2) : describe(evaluation));
  });

/** The result for people: the figures, then a table by kind. */
export function describe(evaluation: Evaluation): string {
  const { confusion, kinds, threshold } = evaluation;
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
