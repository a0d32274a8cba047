import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Command, Option } from 'commander';
import type { Summary } from '../demo/tally.js';
import { evaluationText } from './evaluate.js';
import { interruptible } from './interruption.js';
import { wholeNumber } from './numbers.js';
import { ProgressLine } from './progress-line.js';
import { TrainReport } from './train-report.js';

interface Options {
  readonly product: 'bracket' | 'relay' | 'fabric' | 'gear' | 'blister';
  readonly seconds?: number;
  readonly mqtt?: string;
  readonly teacher?: string;
  readonly ffmpeg?: string;
  readonly out?: string;
  readonly seed: number;
}

/** Pictures of the rendered product: what a shift with a camera gathers in an hour. */
const COUNTS = { good: 60, testGood: 12, defective: 4 };

/** Steps of training instead of the recipe's 320: enough for the products here, and done in two minutes. */
const STEPS = 200;

export const demo = new Command('demo')
  .description('run the whole system on a rendered production line; needs no camera, data or broker')
  .addOption(
    new Option('--product <name>', 'the product that the line makes')
      .choices(['bracket', 'relay', 'fabric', 'gear', 'blister'])
      .default('bracket'),
  )
  .option(
    '--seconds <n>',
    'stop the line after this many seconds; without it, run until Ctrl-C',
    wholeNumber(1, 604_800),
  )
  .option('--mqtt <url>', "publish to this broker instead of the demo's own")
  .option('--teacher <name or file>', 'the teacher to use instead of the one in the package')
  .option('--ffmpeg <file>', 'the ffmpeg to use')
  .option('--out <folder>', 'the folder to write; without it, a new temporary folder')
  .option('--seed <n>', 'another seed renders other parts', wholeNumber(0), 0)
  .addHelpText(
    'after',
    '\nExits with 0 when every defective part raised an alert and no good one did, with 1 otherwise.',
  )
  .action(async (options: Options) => {
    const interruption = interruptible();
    const { signal } = interruption;
    const folder = options.out ? resolve(options.out) : await mkdtemp(join(tmpdir(), 'kdad-edge-demo-'));
    const ready = await prepare(options, folder);
    const bundle = await learn(options, folder, ready.data, signal);
    if (signal.aborted) return;
    const { watchLine } = await import('../demo/watch.js');
    heading(`4  The daemon watches the line${options.seconds ? ` for ${options.seconds} s` : ', until Ctrl-C'}`);
    if (options.seconds) setTimeout(() => interruption.abort(), 1000 * options.seconds).unref();
    const summary = await watchLine({
      ...ready,
      folder,
      bundle,
      broker: options.mqtt,
      signal,
      onStart: ({ broker, topics, metrics, heatmaps, log }) =>
        console.log(
          `   MQTT      ${broker}, topics ${topics}\n   metrics   ${metrics}\n   heatmaps  ${heatmaps}\n   log       ${log}\n`,
        ),
      onAlert: ({ seconds, position, part, ratio }) => {
        const what = part.kind?.replaceAll('_', ' ') ?? 'a good part: FALSE ALARM';
        console.log(
          `   ${seconds.toFixed(1).padStart(6)} s  alert  part ${String(position + 1).padEnd(3)} ${what.padEnd(16)} score ${ratio.toFixed(2)} times the threshold`,
        );
      },
    });
    heading('5  Summary');
    console.log(summarise(summary));
    process.exitCode = succeeded(summary) ? 0 : 1;
  });

/** Renders what the demo needs. */
async function prepare({ product: name, seed, ffmpeg: wanted }: Options, folder: string) {
  const [{ products }, { writeDataset }, { planLine, renderVideo }, { findFfmpeg }] = await Promise.all([
    import('../demo/products/index.js'),
    import('../demo/dataset.js'),
    import('../demo/line.js'),
    import('../../line/camera/ffmpeg/ffmpeg.js'),
  ]);
  heading(`1  A rendered line that makes ${name}s, in ${folder}`);
  const ffmpeg = await findFfmpeg(wanted);
  const product = products[name];
  const [data, video] = [join(folder, 'parts'), join(folder, 'line.avi')];
  const line = planLine(product, seed);
  const progress = new ProgressLine();
  await writeDataset(product, data, COUNTS, seed, (done, total) => progress.update(`   Pictures ${done}/${total}`));
  progress.finish();
  await renderVideo(product, line, video, ffmpeg, (done, total) => progress.update(`   Video: part ${done}/${total}`));
  progress.finish();
  return { data, video, line, ffmpeg: ffmpeg.path };
}

/** Trains on the good parts and evaluates on the others. */
async function learn({ teacher, seed }: Options, folder: string, data: string, signal: AbortSignal): Promise<string> {
  const [{ train }, { recipes }, { OnnxEngine }, { resolveTeacher }, { evaluate }, { openBundle }, { findDataset }] =
    await Promise.all([
      import('../../learning/training/train.js'),
      import('../../learning/training/recipes.js'),
      import('../../method/engine/onnx/onnx-engine.js'),
      import('../../learning/teacher/store.js'),
      import('../../learning/evaluation/evaluate.js'),
      import('../../method/bundle/read.js'),
      import('../../learning/dataset/dataset.js'),
    ]);
  heading(`2  Training on ${COUNTS.good} good parts`);
  const out = join(folder, 'model');
  const report = new TrainReport();
  const trained = { data, out, recipe: { ...recipes.kdad, leastSteps: STEPS }, seed, engine: new OnnxEngine(), signal };
  await train({ ...trained, teacher: await resolveTeacher(teacher), onProgress: (progress) => report.show(progress) });
  report.end();
  heading('3  Evaluation on parts that it has not seen');
  const progress = new ProgressLine();
  const evaluation = await evaluate(await openBundle(out), await findDataset(data), {
    onProgress: (done, total) => progress.update(`   Judging images ${done}/${total}`),
  });
  progress.finish();
  console.log(evaluationText(evaluation).replaceAll(/^(?=.)/gm, '   '));
  return out;
}

const heading = (text: string): void => console.log(`\n${text}\n`);

const succeeded = ({ caught, defective, falseAlarms }: Summary): boolean => caught === defective && falseAlarms === 0;

/** The outcome in two lines, and the parts that were missed. */
export function summarise({ caught, defective, falseAlarms, good, missed }: Summary): string {
  const lines = [
    `   ${caught} of ${defective} defective parts raised an alert`,
    `   ${falseAlarms} of ${good} good parts raised a false one`,
    ...missed.map(
      ({ round, position, kind }) =>
        `   missed: part ${position + 1} of round ${round + 1}, ${kind.replaceAll('_', ' ')}`,
    ),
  ];
  return lines.join('\n');
}
