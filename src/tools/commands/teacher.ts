import { Command, InvalidArgumentError } from 'commander';
import type { DistillationProgress } from '../../learning/distillation/distil.js';
import type { EngineName } from '../../method/engine/engines.js';
import { engineOption } from './engine.js';
import { interruptible } from './interruption.js';
import { positiveNumber, wholeNumber } from './numbers.js';
import { bar, duration, ProgressLine } from './progress-line.js';
import { threadsOption } from './threads.js';

interface DistillOptions {
  readonly teacher: string;
  readonly corpus: readonly string[];
  readonly out: string;
  readonly start?: string;
  readonly images: number;
  readonly size: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly seed: number;
  readonly resume: boolean;
  readonly engine: EngineName;
  readonly threads?: number;
}

const distill = new Command('distill')
  .description('train a new teacher to reproduce another one on a broad set of pictures')
  .requiredOption('--teacher <name or file>', 'the teacher to learn from')
  .requiredOption('--corpus <folder...>', 'folders with thousands of ordinary pictures, searched with their subfolders')
  .requiredOption('--out <file>', 'the safetensors file to write')
  .option('--start <name or file>', 'weights of an earlier run to start from; random without it')
  .option('--images <n>', 'how many random crops to learn from', wholeNumber(1), 200_000)
  .option('--size <pixels>', 'height and width of the crops', multipleOf16, 128)
  .option('--batch <n>', 'crops in each step', wholeNumber(1), 32)
  .option('--learning-rate <rate>', 'the highest learning rate; use less with --start', positiveNumber, 1e-3)
  .option('--seed <n>', 'the seed of the first weights, the held-out pictures and the crops', wholeNumber(0), 0)
  .option('--resume', 'continue an interrupted run; --images may be larger', false)
  .addOption(engineOption())
  .addOption(threadsOption())
  .addHelpText(
    'after',
    '\nEvery 4096 crops, it writes a checkpoint and measures the similarity to the teacher on held-out pictures.',
  )
  .action(async (options: DistillOptions) => {
    const [{ distilTeacher }, { resolveTeacher }, { openEngine }] = await Promise.all([
      import('../../learning/teacher/distil-teacher.js'),
      import('../../learning/teacher/store.js'),
      import('../../method/engine/engines.js'),
    ]);
    const interruption = interruptible();
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
      teacher: await resolveTeacher(options.teacher),
      start: options.start && (await resolveTeacher(options.start)),
      engine: await openEngine(options.engine, options),
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

const list = new Command('list')
  .description('list the teachers that --teacher takes by name')
  .option('--json', 'print them as JSON', false)
  .action(async ({ json }: { json: boolean }) => {
    const { listTeachers } = await import('../../learning/teacher/store.js');
    const teachers = await listTeachers();
    if (json) return console.log(JSON.stringify(teachers, null, 2));
    const width = Math.max(...teachers.map(({ name }) => name.length));
    for (const { name, origin, sha256, bytes } of teachers) {
      const size = `${(bytes / 1e6).toFixed(1)} MB`.padStart(8);
      console.log(`${name.padEnd(width)}  ${size}  sha256 ${sha256.slice(0, 12)}  ${origin}`);
    }
  });

const importFile = new Command('import')
  .description('store a teacher under a name, from safetensors (torchvision, timm, folded) or a .pth file of PyTorch')
  .argument('<file>', 'weights of a ResNet-18; no code in the file is executed')
  .requiredOption('--name <name>', 'the name to store it under')
  .option('--replace', 'replace a teacher of the same name', false)
  .action(async (file: string, { name, replace }: { name: string; replace: boolean }) => {
    const { importTeacher } = await import('../../learning/teacher/store.js');
    const { path } = await importTeacher(file, name, { replace });
    console.log(`Imported ${name}: ${path}\nUse it with --teacher ${name}.`);
  });

const pull = new Command('pull')
  .description('download ImageNet weights of ResNet-18: resnet18.tv_in1k or resnet18.a1_in1k')
  .argument('<name>')
  .option('--replace', 'download it again', false)
  .action(async (name: string, { replace }: { replace: boolean }) => {
    const { pullTeacher } = await import('../../learning/teacher/pull.js');
    const interruption = interruptible();
    const line = new ProgressLine();
    const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1);
    const { path, sha256 } = await pullTeacher(name, {
      replace,
      signal: interruption.signal,
      onProgress: (received, total) =>
        line.update(`Fetching ${name}: ${megabytes(received)}${total ? ` of ${megabytes(total)}` : ''} MB`),
    });
    line.finish();
    console.log(
      `Fetched ${name} (sha256 of what is kept: ${sha256.slice(0, 12)}): ${path}\nUse it with --teacher ${name}.`,
    );
  });

export const teacher = new Command('teacher')
  .description('make and manage teachers')
  .addCommand(list)
  .addCommand(importFile)
  .addCommand(pull)
  .addCommand(distill);
