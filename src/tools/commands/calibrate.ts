import { resolve } from 'node:path';
import { Command, Option } from 'commander';
import { KdadError } from '../../common/errors.js';
import { FEWEST_PARTS } from '../../learning/calibration/line-calibration.js';
import type { RuleName } from '../../learning/calibration/threshold-rules.js';
import { precisionFor } from '../../method/detector/precision.js';
import type { EngineName } from '../../method/engine/engines.js';
import { calibrateCamera, type LineOptions } from './calibrate-line.js';
import { type DatasetChoice, tellDataset, withDatasetOptions } from './dataset-options.js';
import { engineOption } from './engine.js';
import { percentage, wholeNumber } from './numbers.js';
import { ProgressLine } from './progress-line.js';
import { threadsOption } from './threads.js';

interface Options extends DatasetChoice, Omit<LineOptions, 'camera'> {
  readonly model?: string;
  readonly camera?: string;
  readonly rule?: RuleName;
  readonly out?: string;
  readonly engine: EngineName;
  readonly threads?: number;
}

export const calibrate = withDatasetOptions(
  new Command('calibrate')
    .description(
      "choose a new threshold without training: a bundle's from other good images, or a camera's from the parts on the line",
    )
    .option('--model <folder>', 'the bundle that gets the new threshold'),
  'good images that it did not learn from, or a dataset, whose good images to learn from are taken',
)
  .addOption(
    new Option('--rule <name>', "the rule to use instead of the bundle's").choices([
      'median-spread',
      'prediction-bound',
      'max',
      'quantile',
      'mean-sigma',
    ]),
  )
  .option('--out <folder>', 'write a new bundle here; without it, the bundle is changed in place')
  .addOption(engineOption())
  .addOption(threadsOption())
  .option(
    '--camera <name>',
    'instead of --model: calibrate this camera of the running daemon from the parts it judged last',
  )
  .option('--config <file>', "the daemon's configuration file", 'kdad-edge.yaml')
  .option(
    '--parts <n>',
    'how many judged parts to use, at most one a second (default: 500)',
    wholeNumber(FEWEST_PARTS, 2000),
  )
  .option(
    '--false-alarms <percent>',
    "the wanted rate on the line, instead of the camera's or the model's own",
    percentage,
  )
  .option('--apply', 'use the new threshold; it outlasts restarts, until another model takes over', false)
  .option('--undo', 'go back to the previous threshold', false)
  .option('--json', "print the daemon's answer as JSON", false)
  .addHelpText(
    'after',
    `
Do not use images that the model learned from: they score too low, and so would the threshold be.
With --camera, a few bad parts on the line do not move the threshold. Run the command as the daemon's user.`,
  )
  .action(async ({ model, rule, out, engine, threads, camera, config, ...rest }: Options) => {
    const { parts, falseAlarms, apply, undo, json, ...source } = rest;
    if ((model === undefined) === (camera === undefined)) {
      throw new KdadError('USAGE', 'calibrate: expected one of --model and --camera');
    }
    if (apply && undo) throw new KdadError('USAGE', 'calibrate: expected one of --apply and --undo');
    if (camera !== undefined) return calibrateCamera({ camera, config, parts, falseAlarms, apply, undo, json });
    if (model === undefined) return;
    const [{ openBundle }, { recalibrate }, { describeFalseAlarms }] = await Promise.all([
      import('../../method/bundle/read.js'),
      import('../../learning/calibration/recalibrate.js'),
      import('../../learning/calibration/calibration.js'),
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
