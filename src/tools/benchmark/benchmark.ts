import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { KdadError } from '../../common/errors.js';
import { findFfmpeg } from '../../line/camera/ffmpeg/ffmpeg.js';
import { type Bundle, openBundle } from '../../method/bundle/read.js';
import { readSelfTest } from '../../method/bundle/self-test.js';
import { imagenetPreprocessing } from '../../method/images/preprocessing.js';
import { type MeasuredLine, measureLine } from './cameras.js';
import { Clips, findEncoder } from './clip.js';
import { convolutionPeak } from './convolution-peak.js';
import { type MeasuredDecoding, measureDecoding } from './decoding.js';
import { effort } from './effort.js';
import { type Bundles, type ByBatch, measureInference, measureLoad } from './inference.js';
import { describeMachine, type Machine } from './machine.js';
import { operationsOf, type Roofline, roofline } from './roofline.js';
import { makeBundle } from './scene.js';
import type { Section } from './sections.js';
import { measureScaling, type Scaling } from './threads.js';
import { measureTraining } from './training.js';

/** What a box can do; a section that was not asked for is missing. */
export interface Benchmark {
  readonly machine: Machine;
  readonly model: {
    /** The bundle; null for one that was made for this. */
    readonly path: string | null;
    /** Height and width of the input. */
    readonly size: readonly [number, number];
    /** What `precision: auto` takes here; null where nothing judges. */
    readonly auto: Bundle['precision'] | null;
  };
  /** Milliseconds to open the detector, by precision. */
  readonly loadMs?: Record<string, number>;
  /** Milliseconds an image, by precision and batch size. */
  readonly inferenceMs?: ByBatch;
  readonly threads?: Scaling;
  /** Milliseconds an image of a step of training, by batch size. */
  readonly trainingMs?: Record<number, number>;
  /** Bytes that training took at most, by batch size; null where that cannot be known. */
  readonly trainingMemory?: Record<number, number | null>;
  readonly decode?: MeasuredDecoding;
  readonly line?: MeasuredLine;
  readonly roofline?: Roofline;
}

export interface BenchmarkOptions {
  /** A bundle or a store; a small bundle is made when absent. */
  readonly model?: string;
  readonly only: readonly Section[];
  /** Fewer repetitions, and no search for the most cameras. */
  readonly quick: boolean;
  /** Of the processor, for everything; one for each core that we may use when left out. */
  readonly threads?: number;
  readonly ffmpeg?: string;
  readonly signal: AbortSignal;
  /** Told what is being measured; `part` changes within it. */
  readonly onProgress: (what: string, part?: string) => void;
}

/**
 * Measures what this machine can do. Everything that is written goes to a folder of its own, which is gone afterwards.
 * @throws KdadError BUNDLE_MISSING, BUNDLE_DAMAGED, FFMPEG_MISSING, BENCH_FAILED; INTERRUPTED when the signal came
 */
export async function benchmark(options: BenchmarkOptions): Promise<Benchmark> {
  const given = options.model === undefined ? undefined : await openBundle(options.model);
  const folder = await mkdtemp(join(tmpdir(), 'kdad-edge-bench-'));
  try {
    return await measure(options, folder, given);
  } catch (error) {
    if (!options.signal.aborted) throw error;
    throw new KdadError('INTERRUPTED', 'stopped; nothing is left behind', { cause: error });
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

async function measure(options: BenchmarkOptions, folder: string, given: Bundle | undefined): Promise<Benchmark> {
  const { only, quick, signal, onProgress } = options;
  const { repetition, steps, batches, seconds, clipSeconds, rates } = effort(quick);
  const within = (what: string) => (part?: string) => onProgress(what, part);
  const wants = (section: Section) => only.includes(section);

  onProgress('Looking at the machine');
  const machine = await describeMachine({ threads: options.threads, signal });
  const { threads } = machine;
  const bundle = given ?? (only.some((section) => section !== 'training') ? await madeBundle() : undefined);
  const size = bundle?.manifest.preprocessing.size ?? imagenetPreprocessing.size;
  const result: { -readonly [Key in keyof Benchmark]: Benchmark[Key] } = {
    machine,
    model: { path: given?.directory ?? null, size, auto: bundle?.precision ?? null },
  };
  if (bundle && (wants('load') || wants('inference'))) {
    const bundles = await inEachPrecision(bundle);
    if (wants('load')) {
      onProgress('Opening the detector');
      result.loadMs = await measureLoad(bundles, { threads, repetition, signal });
    }
    if (wants('inference')) {
      const { frame } = await readSelfTest(bundle);
      const measuring = { threads, repetition, signal, onProgress: within('Inference') };
      result.inferenceMs = await measureInference(bundles, frame, batches.inference, measuring);
    }
  }
  if (bundle && wants('threads')) {
    onProgress('Threads');
    const { frame } = await readSelfTest(bundle);
    result.threads = await measureScaling(bundle, frame, { most: threads, repetition, signal });
  }
  if (wants('training')) {
    result.trainingMs = {};
    result.trainingMemory = {};
    for (const batch of batches.training) {
      onProgress('Training', `batch ${batch}`);
      const { milliseconds, peakMemory } = await measureTraining({ batch, size, steps, threads }, signal);
      result.trainingMs[batch] = milliseconds;
      result.trainingMemory[batch] = peakMemory;
    }
  }
  if (bundle && (wants('decode') || wants('line'))) {
    const ffmpeg = await findFfmpeg(options.ffmpeg);
    const picture = join(bundle.directory, bundle.manifest.selfTest.file);
    const clips = new Clips({ picture, folder, ffmpeg, encoder: await findEncoder(ffmpeg), signal });
    const heights = [720, 1080];
    if (wants('decode')) {
      const decoding = { clips, ffmpeg, size, heights, seconds: clipSeconds, signal };
      result.decode = await measureDecoding({ ...decoding, onProgress: within('Decoding') });
    }
    if (wants('line')) {
      const common = { folder, bundle: bundle.directory, threads, ffmpeg: ffmpeg.path, seconds, signal };
      const line = { clips, heights: quick ? [720] : heights, rates, onProgress: within('The daemon') };
      result.line = await measureLine(common, line);
    }
  }
  if (bundle && wants('roofline')) {
    onProgress('The peak of convolutions');
    const peak = await convolutionPeak({ threads, repetition, signal });
    result.roofline = roofline(peak, operationsOf(size, stemIsShared(bundle)), result.inferenceMs ?? {});
  }
  return result;

  async function madeBundle(): Promise<Bundle> {
    const what = 'Training a small model, since no --model was given';
    onProgress(what);
    return openBundle(await makeBundle(folder, { threads, signal, onProgress: within(what) }));
  }
}

async function inEachPrecision({ directory, manifest }: Bundle): Promise<Bundles> {
  const fp32 = await openBundle(directory, 'fp32');
  return manifest.int8 ? { fp32, int8: await openBundle(directory, 'int8') } : { fp32 };
}

/** The recipe says it. */
const stemIsShared = ({ manifest }: Bundle): boolean => manifest.recipe.sharedStem === true;
