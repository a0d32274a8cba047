import { Command, InvalidArgumentError } from 'commander';
import type { DistillationProgress } from '../training/distil.js';
import { wholeNumber } from './numbers.js';
import { bar, duration, ProgressLine } from './progress-line.js';

interface DistillOptions {
  readonly teacher: string;
  readonly corpus: readonly string[];
  readonly out: string;
  readonly images: number;
  readonly size: number;
  readonly batch: number;
  readonly seed: number;
  readonly resume: boolean;
}

const distill = new Command('distill')
  .description('make a teacher that reproduces another one on a broad corpus of pictures')
  .requiredOption('--teacher <file>', 'the teacher to learn from, safetensors')
  .requiredOption('--corpus <folder...>', 'ordinary pictures, thousands of them; folders in them count, too')
  .requiredOption('--out <file>', 'the safetensors file to write')
  .option('--images <n>', 'random crops to learn from', wholeNumber(1), 200_000)
  .option('--size <pixels>', 'height and width of the crops', multipleOf16, 128)
  .option('--batch <n>', 'crops a step', wholeNumber(1), 32)
  .option('--seed <n>', 'decides the first weights, the held-out pictures and the crops', wholeNumber(0), 0)
  .option('--resume', 'go on where an interrupted run stopped; --images may be larger', false)
  .addHelpText(
    'after',
    '\nEvery 4096 crops a checkpoint is written and the similarity to the teacher measured on held-out pictures.',
  )
  .action(async (options: DistillOptions) => {
    const [{ distilTeacher }, { OnnxEngine }] = await Promise.all([
      import('../teacher/distil-teacher.js'),
      import('../engine/onnx/onnx-engine.js'),
    ]);
    const interruption = new AbortController();
    process.once('SIGINT', () => interruption.abort());
    process.once('SIGTERM', () => interruption.abort());
    const line = new ProgressLine();
    const startedAt = performance.now();
    let [firstEpoch, epoch] = [0, 0];
    const show = (progress: DistillationProgress) => {
      firstEpoch ||= progress.epoch;
      if (progress.epoch !== epoch) line.finish();
      epoch = progress.epoch;
      const done = (epoch - firstEpoch) * progress.imagesPerEpoch + progress.images;
      line.update(describe(progress, done / ((performance.now() - startedAt) / 1000)));
    };
    const finished = await distilTeacher({
      ...options,
      engine: new OnnxEngine(),
      signal: interruption.signal,
      onCorpus: (pictures, heldOut) => console.error(`${pictures} pictures; ${heldOut} crops of some are held out`),
      onSkip: (error) => {
        line.finish();
        console.error(`left out: ${error.message}`);
      },
      onProgress: show,
    });
    line.finish();
    console.log(finished ? `Wrote ${options.out}` : `Stopped early; wrote ${options.out}. Go on with --resume.`);
  });

function describe(progress: DistillationProgress, rate: number): string {
  const { epoch, epochs, images, imagesPerEpoch, loss, similarity } = progress;
  const left = (epochs - epoch) * imagesPerEpoch + imagesPerEpoch - images;
  return [
    `${String(epoch).padStart(String(epochs).length)}/${epochs} ${bar(images / imagesPerEpoch)}`,
    `loss ${loss.toFixed(5)}`,
    ...(similarity ? [`held-out cosine ${similarity.map((cosine) => cosine.toFixed(4)).join(' ')}`] : []),
    `${rate.toFixed(1)} images/s`,
    `${duration(left / rate)} left`,
  ].join('  ');
}

function multipleOf16(text: string): number {
  const value = wholeNumber(32)(text);
  if (value % 16 !== 0) throw new InvalidArgumentError('Expected a multiple of 16.');
  return value;
}

export const teacher = new Command('teacher').description('make and manage teachers').addCommand(distill);
