import { Command, InvalidArgumentError, Option } from 'commander';
import { type Section, sections } from '../benchmark/sections.js';
import { interruptible } from './interruption.js';
import { ProgressLine } from './progress-line.js';
import { threadsOption } from './threads.js';

interface Options {
  readonly model?: string;
  readonly only: readonly Section[];
  readonly quick: boolean;
  readonly threads?: number;
  readonly ffmpeg?: string;
  readonly json: boolean;
}

export const bench = new Command('bench')
  .description('measure what this box can do: inference, training, decoding, cameras, memory')
  .option('--model <folder>', 'the bundle to measure; without it, a small one is trained in half a minute')
  .addOption(
    new Option('--only <parts>', `measure only some of ${sections.join(',')}`)
      .argParser(parseSections)
      .default(sections, 'all'),
  )
  .option('--quick', 'repeat less, and do not search for the most cameras', false)
  .addOption(threadsOption())
  .option('--ffmpeg <file>', 'the ffmpeg to use')
  .option('--json', 'print the result as JSON', false)
  .addHelpText(
    'after',
    `
Takes about four minutes, or half a minute with --quick. Stop the daemon first: times mean little while the box does
other work.
docs/benchmarks.md explains each number, and how to compare it with other tools.`,
  )
  .action(async ({ json, ...options }: Options) => {
    const [{ benchmark }, { benchmarkText }] = await Promise.all([
      import('../benchmark/benchmark.js'),
      import('../benchmark/benchmark-text.js'),
    ]);
    const { signal } = interruptible();
    const progress = new Progress();
    const onProgress = progress.show.bind(progress);
    const result = await benchmark({ ...options, signal, onProgress }).finally(() => progress.end());
    console.log(json ? JSON.stringify(result, null, 2) : benchmarkText(result));
  });

function parseSections(text: string): readonly Section[] {
  const names = text.split(',').map((name) => name.trim());
  const unknown = names.find((name) => !sections.some((section) => section === name));
  if (unknown === undefined) return names as Section[];
  throw new InvalidArgumentError(`"${unknown}": expected some of ${sections.join(', ')}, with commas.`);
}

/** On stderr, a line for each thing that is measured. */
class Progress {
  readonly #line = new ProgressLine();
  #what = '';

  show(what: string, part?: string): void {
    if (what !== this.#what) this.#line.finish();
    this.#what = what;
    this.#line.update(part ? `${what}: ${part}` : what);
  }

  end(): void {
    this.#line.finish();
  }
}
