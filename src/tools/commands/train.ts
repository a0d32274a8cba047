import { readFile } from 'node:fs/promises';
import { Command, Option } from 'commander';
import { KdadError } from '../../common/errors.js';
import type { Dataset, DatasetSource } from '../../learning/dataset/dataset.js';
import type { RecipeName } from '../../learning/training/recipes.js';
import type { Manifest } from '../../method/bundle/manifest.js';
import type { DetectorOptions } from '../../method/detector/open-detector.js';
import type { EngineName } from '../../method/engine/engines.js';
import { activateVersion, CRITERION, evaluationSet, NOT_ACTIVATED, placeInStore } from './activation.js';
import { type DatasetChoice, tellDataset, withDatasetOptions } from './dataset-options.js';
import { engineOption } from './engine.js';
import { interruptible } from './interruption.js';
import { judgeDataset, unlearned } from './judge-dataset.js';
import { frameSize, percentage, tileCounts, wholeNumber } from './numbers.js';
import { reportFile } from './report-file.js';
import { threadsOption } from './threads.js';
import { addToBundle } from './train-add.js';
import { TrainReport } from './train-report.js';

interface Options extends DatasetChoice {
  readonly teacher?: string;
  readonly out: string;
  readonly recipe: RecipeName;
  readonly epochs?: number;
  readonly seed: number;
  readonly falseAlarms?: number;
  readonly exclude?: string;
  readonly dropOdd: boolean;
  readonly from?: string;
  readonly add?: string;
  readonly size?: readonly [number, number];
  readonly tiles?: { readonly rows: number; readonly columns: number };
  readonly overlap?: number;
  readonly report?: string;
  readonly resume: boolean;
  readonly activate: boolean;
  readonly evaluate?: string;
  readonly engine: EngineName;
  readonly threads?: number;
}

/** Of neighbouring tiles, as a share of their sides. */
const OVERLAP = 0.1;

export const train = withDatasetOptions(
  new Command('train').description('learn a product from good images, and write a bundle'),
  'good images: any folder, or a dataset',
)
  .requiredOption('--out <folder>', 'the bundle to write, a new folder')
  .option(
    '--teacher <name or file>',
    'ResNet-18 weights; without it, a teacher that was pulled, or else the one in the package',
  )
  .addOption(new Option('--recipe <name>', 'how to learn').choices(['kdad', 'memory', 'seed', 'paper']).default('kdad'))
  .option('--epochs <n>', "passes over the images instead of the recipe's", wholeNumber(1))
  .option('--seed <n>', 'the seed of the split, the first weights and the order', wholeNumber(0), 0)
  .option(
    '--size <height>x<width>',
    "the size of the frames in pixels, multiples of 16, instead of the pictures' own shape",
    frameSize,
  )
  .option(
    '--tiles <rows>x<columns>',
    'for small defects: cut frames into tiles that are each seen at full size',
    tileCounts,
  )
  .option('--overlap <percent>', 'how much neighbouring tiles overlap (default: 10%)', percentage)
  .option(
    '--false-alarms <percent>',
    "the wanted rate of good parts called bad, for example 0.5%, instead of the recipe's",
    percentage,
  )
  .option('--exclude <file>', 'a text file with good images to leave out, one path a line')
  .option('--drop-odd', 'leave out good images that score far above the others, and name them', false)
  .option('--from <bundle>', 'with --add: the bundle that learns more good images, in seconds and without training')
  .option('--add <folder>', 'with --from: good images that the bundle called bad')
  .option('--report <file>', 'write an HTML report, with the test images if there are any')
  .option('--resume', 'continue an interrupted training', false)
  .option(
    '--activate',
    'use the bundle if it is not worse than the version in use; --out is then a folder in a store',
    false,
  )
  .option('--evaluate <folder>', "with --activate: images to compare on, instead of the dataset's test images")
  .addOption(engineOption())
  .addOption(threadsOption())
  .addHelpText(
    'after',
    `\nCtrl-C ends the training early and keeps the best student so far. A second Ctrl-C stops at once.\n\n${CRITERION}\nThe same holds for a training that was stopped early. Without images to compare on, a complete bundle is used.`,
  )
  .action(async (options: Options) => {
    const { from } = options;
    if (from !== undefined) return addToBundle({ ...options, from });
    if (options.add !== undefined) throw new KdadError('USAGE', '--add: expected --from and a bundle beside it');
    const [
      { train: trainBundle },
      { recipes },
      { describeFalseAlarms },
      { openEngine },
      { resolveTeacher },
      { defaultTeacher },
      { describeOdd, oddImages },
      { describeLack, supportOf },
    ] = await Promise.all([
      import('../../learning/training/train.js'),
      import('../../learning/training/recipes.js'),
      import('../../learning/calibration/calibration.js'),
      import('../../method/engine/engines.js'),
      import('../../learning/teacher/store.js'),
      import('../../learning/teacher/default-teacher.js'),
      import('../../learning/calibration/odd-images.js'),
      import('../../learning/calibration/support.js'),
    ]);
    if (options.evaluate !== undefined && !options.activate) {
      throw new KdadError('USAGE', '--evaluate: expected --activate beside it');
    }
    if (options.overlap !== undefined && options.tiles === undefined) {
      throw new KdadError('USAGE', '--overlap: expected --tiles beside it');
    }
    const place = options.activate ? placeInStore(options.out) : undefined;
    const { data, good, defective, masks, engine, threads } = options;
    const source: DatasetSource = { data, good, defective, masks };
    const dataset = await tellDataset(source);
    const evaluation = place && (await evaluationSet(source, options.evaluate));
    const recipe = recipes[options.recipe];
    if (recipe.epochs === 0 && options.epochs !== undefined) {
      throw new KdadError('USAGE', `--epochs: recipe ${recipe.name} trains no student`);
    }
    const page = options.report === undefined ? undefined : await reportFile(options.report);
    const usual = options.teacher === undefined ? await defaultTeacher() : undefined;
    if (usual) console.log(usual.about);
    const interruption = interruptible();
    const report = new TrainReport();
    const { manifest, calibration, finished, dropped } = await trainBundle({
      ...options,
      data: source,
      teacher: usual?.path ?? (await resolveTeacher(options.teacher)),
      recipe,
      tiles: options.tiles && { ...options.tiles, overlap: options.overlap ?? OVERLAP },
      exclude: options.exclude === undefined ? undefined : await readNames(options.exclude),
      engine: await openEngine(engine, { threads }),
      signal: interruption.signal,
      onProgress: (progress) => report.show(progress),
    });
    report.end();
    const { threshold, training, split, int8 } = manifest;
    const odd = describeOdd(oddImages(calibration.scores));
    const lack = describeLack(supportOf(calibration), calibration.parameters.falseAlarms);
    console.log(
      [
        `${finished ? 'Trained' : 'Stopped early; the best so far is'} ${options.out}`,
        ...(training.epochs.length > 0 ? [`  student    ${describeStudent(training)}`] : []),
        `  images     ${split.training.length} learned, ${split.validation.length} held out`,
        ...(dropped.length > 0 ? [`             ${dropped.length} left out as odd: ${dropped.join(', ')}`] : []),
        `  threshold  ${threshold.value.toPrecision(4)} (${threshold.rule})`,
        `             ${describeFalseAlarms(calibration.falseAlarms)}`,
        ...(lack === undefined ? [] : [`             ${lack}`]),
        ...(odd === undefined
          ? []
          : [`  odd images ${odd}; look at them, and train without them by --exclude or --drop-odd`]),
        ...(int8 ? [`  int8       ${int8.agrees ? 'may be used' : 'is not used'}: ${int8.reason}`] : []),
        ...(finished ? [] : ['Go on with the same command and --resume.']),
      ].join('\n'),
    );
    await page?.write(await trainedReport(options.out, dataset, { engine, threads }));
    if (!place) return;
    if (!finished || !(await activateVersion(place.store, place.version, evaluation, { engine, threads })))
      process.exitCode = NOT_ACTIVATED;
  });

/** One a line; empty ones say nothing. */
async function readNames(file: string): Promise<string[]> {
  const text = await readFile(file, 'utf8').catch((cause: Error) => {
    throw new KdadError('USAGE', `--exclude ${file}: ${cause.message}`, { cause });
  });
  return text
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '');
}

function describeStudent({ epochs, bestEpoch }: Manifest['training']): string {
  const { validationLoss } = epochs[bestEpoch - 1];
  return `epoch ${bestEpoch} of ${epochs.length}, validation loss ${validationLoss.toFixed(5)}`;
}

/** On the test images where the dataset has some, else on those held out. */
async function trainedReport(out: string, dataset: Dataset, options: DetectorOptions): Promise<string> {
  const [{ openBundle }, { evaluationReport, trainingReport }] = await Promise.all([
    import('../../method/bundle/read.js'),
    import('../report/report.js'),
  ]);
  if (dataset.tests.length === 0) return trainingReport(await openBundle(out), dataset.root);
  const judged = await judgeDataset(out, await unlearned(dataset, [out]), options);
  return evaluationReport(judged.bundle, dataset.root, judged);
}
