import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { precisionFor } from '../detector/precision.js';
import type { EngineName } from '../engine/engines.js';
import type { RuleName } from '../training/calibrate.js';
import { type DatasetChoice, tellDataset, withDatasetOptions } from './dataset-options.js';
import { engineOption } from './engine.js';
import { ProgressLine } from './progress-line.js';
import { threadsOption } from './threads.js';

interface Options extends DatasetChoice {
  readonly model: string;
  readonly rule?: RuleName;
  readonly out?: string;
  readonly engine: EngineName;
  readonly threads?: number;
}

export const calibrate = withDatasetOptions(
  new Command('calibrate')
    .description("choose a bundle's threshold anew from other good images, without training")
    .requiredOption('--model <folder>', 'a bundle'),
  'good images that it did not learn from, or a dataset, whose good images to learn from are taken',
)
  .addOption(
    new Option('--rule <name>', "instead of the bundle's rule").choices([
      'median-spread',
      'prediction-bound',
      'max',
      'quantile',
      'mean-sigma',
    ]),
  )
  .option('--out <folder>', 'a new bundle; the old one is replaced otherwise')
  .addOption(engineOption())
  .addOption(threadsOption())
  .addHelpText(
    'after',
    '\nImages that the model learned from score too well: the threshold would be too low for others.',
  )
  .action(async ({ model, rule, out, engine, threads, ...source }: Options) => {
    const [{ openBundle }, { recalibrate }, { describeFalseAlarms }] = await Promise.all([
      import('../bundle/read.js'),
      import('../training/recalibrate.js'),
      import('../training/calibration.js'),
    ]);
    const bundle = await openBundle(model, precisionFor('auto', { engine }));
    const { root, good } = await tellDataset(source);
    const target = out === undefined ? bundle.directory : resolve(out);
    const line = new ProgressLine();
    const onProgress = (done: number, total: number) => line.update(`Judging images ${done}/${total}`);
    const options = { root, images: good, rule, out: target, engine, threads, onProgress };
    const calibration = await recalibrate(bundle, options);
    line.finish();
    const before = bundle.threshold.toPrecision(4);
    console.log(
      [
        `${out === undefined ? 'Calibrated' : 'Wrote'} ${out ?? model}`,
        `  threshold  ${calibration.threshold.toPrecision(4)} (${calibration.rule}), was ${before}`,
        `             ${describeFalseAlarms(calibration.falseAlarms)}`,
        `  images     ${calibration.scores.length}, highest score ${Math.max(...calibration.scores.map(({ score }) => score)).toPrecision(4)}`,
      ].join('\n'),
    );
  });
