import { join as joinPath } from 'node:path';
import type { Calibration } from '../bundle/calibration.js';
import { LARGEST_SIDE, type Manifest, schemaVersion } from '../bundle/manifest.js';
import { type BundleContents, checkTarget, writeBundle } from '../bundle/write.js';
import { type DatasetSource, findDataset } from '../data/dataset.js';
import { fingerprint } from '../data/fingerprint.js';
import { encodePng } from '../data/image.js';
import { loadImages, surveyImages } from '../data/load-images.js';
import { imagenetPreprocessing, type Preprocessing } from '../data/preprocessing.js';
import type { SampleBits } from '../data/sample-bits.js';
import { type FrameShape, shapeOf } from '../data/shape.js';
import { type Split, splitGood } from '../data/split.js';
import { frameOf, framesAtOnce, type Tiles, tileCount, tileGrid, viewsOf } from '../data/tiles.js';
import type { DetectorWeights } from '../detector/program.js';
import type { Engine } from '../engine/engine.js';
import { runtimeVersion } from '../engine/onnx/runtime.js';
import { DetectorSession } from '../engine/onnx/session.js';
import { KdadError } from '../errors.js';
import { makeParent } from '../files.js';
import { foldBatchNorm } from '../model/parameters.js';
import { readTeacher } from '../model/read-teacher.js';
import { type Weights, writeSafetensors } from '../model/safetensors.js';
import { version } from '../version.js';
import { calibrationOf } from './calibration.js';
import { removeCheckpoint } from './checkpoint.js';
import { degradedCopies, heldSeed } from './degrade.js';
import { type DistillationProgress, type Distilled, type DistillOptions, distil } from './distil.js';
import { traceDetector } from './export-detector.js';
import { shuffledImages } from './image-source.js';
import { int8Detector } from './int8-detector.js';
import { weighOpinions } from './opinions.js';
import { epochsFor, mapOptionsOf, type Recipe } from './recipes.js';
import { type MemorySettings, remember } from './remember.js';
import { usualDistances } from './usual-distance.js';

/** The largest batch that bundles are built for: larger ones gain nothing on a CPU and little on a GPU. */
const MAX_BATCH = 8;

/** Memory for the teacher's features, in bytes. */
const FEATURE_MEMORY = 2e9;

export interface TrainOptions {
  /** Folder of good images, or a dataset. */
  readonly data: DatasetSource;
  /** Safetensors file of the teacher. */
  readonly teacher: string;
  /** Folder to write the bundle to. */
  readonly out: string;
  readonly recipe: Recipe;
  /** Passes over the images, instead of those that the recipe has for so many. */
  readonly epochs?: number;
  readonly seed: number;
  /** Goes on from the checkpoint beside `out`, where there is one, and replaces the bundle that the interruption left. */
  readonly resume?: boolean;
  /** Share of good parts that may be called anomalous, instead of the recipe's. */
  readonly falseAlarms?: number;
  /** Good images to leave out, by their paths in `data`. */
  readonly exclude?: readonly string[];
  readonly engine: Engine;
  readonly preprocessing?: Preprocessing;
  /** Height and width of the frames, instead of the recipe's or the pictures' own shape; multiples of 16. */
  readonly size?: readonly [number, number];
  /** Cuts the frames; without a size, each tile gets that which a whole frame would have. */
  readonly tiles?: Tiles;
  /** Ends the training after the step at hand; the best student so far becomes the bundle. */
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: TrainProgress) => void;
}

export type TrainProgress =
  | ({ readonly stage: 'shape'; readonly images: number } & FrameShape)
  /** 16-bit files use so many bits. */
  | { readonly stage: 'samples'; readonly bits: SampleBits }
  | { readonly stage: 'images'; readonly done: number; readonly total: number }
  | ({ readonly stage: 'training' } & DistillationProgress)
  | { readonly stage: 'memory'; readonly done: number; readonly total: number }
  | { readonly stage: 'calibration' };

export interface TrainResult {
  readonly calibration: Calibration;
  readonly manifest: Omit<Manifest, 'files'>;
  /** False when the signal ended it early; the checkpoint is still there to resume from. */
  readonly finished: boolean;
}

/**
 * Learns a product: images in, bundle out. The same images, teacher, recipe, seed and version write the same bytes.
 *
 * @throws KdadError DATASET_INVALID, IMAGE_UNREADABLE, WEIGHTS_INVALID, OUTPUT_EXISTS, OUTPUT_UNWRITABLE, CHECKPOINT_INVALID, TRAINING_DIVERGED;
 *   INTERRUPTED when the signal came before the first epoch was done
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { data, out, seed, engine, resume = false, signal, onProgress } = options;
  await makeParent(out);
  await checkTarget(out, { replace: resume });
  const { weights: teacher, sha256: teacherHash } = await readTeacher(options.teacher);
  const { root, good: found } = await findDataset(data);
  const good = without(found, options.exclude, root);
  const split = splitGood(good, { seed });
  const { preprocessing, padded } = await framesFor(root, good, options);
  const recipe = {
    ...withFalseAlarms(options.recipe, options.falseAlarms),
    epochs: options.epochs ?? epochsFor(options.recipe, split.training.length * tileCount(preprocessing.tiles)),
  };
  const images = await loadSplit(root, split, preprocessing, signal, onProgress);
  const dataHash = await fingerprint(root, good);

  const seen = await withCopies(images, recipe, { preprocessing, seed, signal });

  const checkpoint = `${out.replace(/\/+$/, '')}.checkpoint`;
  const memory =
    recipe.memory && (await rememberAll({ recipe, teacher, frames: seen.training, preprocessing, options }));
  const distilled = await learn({
    engine,
    teacher,
    images,
    features: { memory: FEATURE_MEMORY, file: `${out.replace(/\/+$/, '')}.features` },
    recipe,
    seed,
    preprocessing,
    checkpoint,
    resume,
    signal,
    onProgress: (progress) => onProgress?.({ stage: 'training', ...progress }),
  });

  onProgress?.({ stage: 'calibration' });
  const student = distilled.student && foldBatchNorm(distilled.student);
  const usual = student && (await usualDistances({ engine, teacher, student, frames: images.training, preprocessing }));
  const map = mapOptionsOf(recipe, preprocessing.size);
  const tiles = tileGrid(preprocessing);
  const detecting = { normalisation: preprocessing, map, scoring: recipe.score, tiles };
  const weights: DetectorWeights = {
    ...{ teacher, student, usual },
    memory:
      memory &&
      (await weighed({ engine, teacher, student, usual, memory }, detecting, {
        recipe,
        preprocessing,
        held: seen.validation,
      })),
  };
  const shape = { size: preprocessing.size, maxBatch: framesAtOnce(MAX_BATCH, preprocessing.tiles), ...detecting };
  const graph = await traceDetector(weights, shape);
  const detector = graph.encode({ symbolicBatch: true });
  const { rule, parameters } = recipe.threshold;
  const { threads } = engine;
  const scores = await scoresBy(detector, { frames: seen.validation, names: split.validation, threads });
  const calibration = calibrationOf(scores, rule, parameters);
  const held = { frames: seen.validation, scores };
  const int8 = await int8Detector(graph, detector, held, { ...preprocessing, seed, threads });
  const int8Calibration = calibrationOf(int8.scores, rule, parameters);
  const { image: sample, score } = calibration.scores[0];
  const [height, width] = preprocessing.size;
  const manifest = describe({
    engine,
    recipe,
    seed,
    preprocessing,
    data: { images: good.length, sha256: dataHash, padded },
    teacher: { sha256: teacherHash },
    split,
    calibration,
    int8: {
      file: 'detector-int8.onnx',
      threshold: int8Calibration.threshold,
      selfTestScore: int8.scores[0].score,
      agreement: int8.agreement,
      agrees: int8.agrees,
      reason: int8.reason,
    },
    selfTest: { file: 'self-test.png', score },
    distilled,
  });
  const files: BundleContents['files'] = {
    'detector.onnx': detector,
    'teacher.safetensors': writeSafetensors(teacher),
    ...(distilled.student && { 'student.safetensors': writeSafetensors(distilled.student) }),
    ...(usual && { 'usual-distance.safetensors': writeSafetensors(usual) }),
    ...(weights.memory && { 'memory.safetensors': writeSafetensors(weights.memory) }),
    'self-test.png': await encodePng({ pixels: images.validation[split.validation.indexOf(sample)], width, height }),
    'calibration.json': `${JSON.stringify(calibration, null, 2)}\n`,
    'detector-int8.onnx': int8.detector,
    'calibration-int8.json': `${JSON.stringify(int8Calibration, null, 2)}\n`,
  };
  await writeBundle(out, { files, manifest }, { replace: resume });
  if (distilled.finished) await removeCheckpoint(checkpoint);
  return { manifest, calibration, finished: distilled.finished };
}

/** @throws KdadError DATASET_INVALID for names that are not there */
function without(good: readonly string[], exclude: readonly string[] = [], root: string): readonly string[] {
  const excluded = new Set(exclude);
  const unknown = exclude.filter((name) => !good.includes(name));
  if (unknown.length > 0) {
    const named = unknown.slice(0, 5).join(', ') + (unknown.length > 5 ? ` and ${unknown.length - 5} more` : '');
    throw new KdadError('DATASET_INVALID', `${root}: no good images ${named}, which were to be left out`);
  }
  return good.filter((name) => !excluded.has(name));
}

/** @throws KdadError USAGE where the recipe's threshold does not go by a rate of false alarms */
function withFalseAlarms(recipe: Recipe, falseAlarms: number | undefined): Recipe {
  if (falseAlarms === undefined) return recipe;
  const { rule, parameters } = recipe.threshold;
  if (!('falseAlarms' in parameters)) {
    throw new KdadError('USAGE', `recipe ${recipe.name}: its threshold (${rule}) knows no rate of false alarms`);
  }
  return { ...recipe, threshold: { rule, parameters: { ...parameters, falseAlarms } } };
}

/** The images, and behind them a degraded copy of each where the recipe wants it. */
async function withCopies(
  images: SplitImages,
  recipe: Recipe,
  { preprocessing: { size }, seed, signal }: { preprocessing: Preprocessing; seed: number; signal?: AbortSignal },
): Promise<SplitImages> {
  if (!recipe.memory?.degradedCopies) return images;
  const [training, validation] = await Promise.all([
    degradedCopies(images.training, size, seed, { signal }).catch(interrupted),
    degradedCopies(images.validation, size, heldSeed(seed), { signal }).catch(interrupted),
  ]);
  return { training: [...images.training, ...training], validation: [...images.validation, ...validation] };
}

/** A student of what the networks see of the images, where the recipe has one. */
async function learn({
  images,
  preprocessing,
  ...options
}: Omit<DistillOptions, 'images'> & { readonly images: SplitImages }): Promise<
  Omit<Distilled, 'student'> & Partial<Pick<Distilled, 'student'>>
> {
  if (options.recipe.epochs === 0) return { bestEpoch: 0, epochs: [], finished: true };
  const { views: training } = viewsOf(images.training, preprocessing);
  const { views: validation, preprocessing: ofViews } = viewsOf(images.validation, preprocessing);
  return distil({
    ...options,
    images: { training: shuffledImages(training, options.seed), validation },
    preprocessing: ofViews,
  });
}

function rememberAll({
  recipe,
  teacher,
  frames,
  preprocessing,
  options: { engine, seed, signal, onProgress },
}: {
  readonly recipe: Recipe;
  readonly teacher: Weights;
  readonly frames: readonly Uint8Array[];
  readonly preprocessing: Preprocessing;
  readonly options: TrainOptions;
}): Promise<Weights> {
  const settings = recipe.memory as MemorySettings;
  return remember({
    ...{ engine, teacher, frames, preprocessing, settings, seed, signal },
    onProgress: (done, total) => onProgress?.({ stage: 'memory', done, total }),
  }).catch(interrupted);
}

/** The memory with what it and the student weigh. */
async function weighed(
  { engine, ...known }: DetectorWeights & { readonly engine: Engine; readonly memory: Weights },
  detecting: Parameters<typeof weighOpinions>[0]['options'],
  { recipe, preprocessing, held }: { recipe: Recipe; preprocessing: Preprocessing; held: readonly Uint8Array[] },
): Promise<Weights> {
  const studentWeight = recipe.memory?.studentWeight ?? 0;
  const unweighed = { ...known.memory, weights: { shape: [0], data: new Float32Array() } };
  const data = await weighOpinions({
    engine,
    weights: { ...known, memory: unweighed },
    options: detecting,
    preprocessing,
    frames: held,
    studentWeight,
  });
  return { ...known.memory, weights: { shape: [data.length], data } };
}

/** The shape of the frames, and what the samples of 16-bit files mean, from all good images. */
async function framesFor(
  root: string,
  good: readonly string[],
  { preprocessing, size, tiles, recipe, signal, onProgress }: TrainOptions,
): Promise<{ preprocessing: Preprocessing; padded?: number }> {
  const paths = good.map((name) => joinPath(root, name));
  const { sizes, sampleBits } = await surveyImages(paths, { signal }).catch(interrupted);
  if (sampleBits !== null) onProgress?.({ stage: 'samples', bits: sampleBits });
  if (preprocessing) return { preprocessing: { ...preprocessing, sampleBits } };
  // Where some cannot be read, loading says so of all of them.
  if (sizes.length < good.length) return { preprocessing: imagenetPreprocessing };
  const shape = shapeOf(sizes, size ?? (recipe.size && frameOf(recipe.size, tiles)), tiles);
  if (Math.max(...shape.size) > LARGEST_SIDE) {
    const [height, width] = shape.size;
    throw new KdadError('USAGE', `frames of ${width} x ${height}: expected ${LARGEST_SIDE} at most; take fewer tiles`);
  }
  onProgress?.({ stage: 'shape', images: good.length, ...shape });
  const { aspect, padded } = shape;
  return { preprocessing: { ...imagenetPreprocessing, size: shape.size, aspect, sampleBits, tiles }, padded };
}

/** Decoded images, one array each. */
export interface SplitImages {
  readonly training: readonly Uint8Array[];
  readonly validation: readonly Uint8Array[];
}

async function loadSplit(
  root: string,
  split: Split,
  preprocessing: Preprocessing,
  signal: AbortSignal | undefined,
  onProgress: TrainOptions['onProgress'],
): Promise<SplitImages> {
  const names = [...split.training, ...split.validation];
  const paths = names.map((name) => joinPath(root, name));
  const report = (done: number, total: number) => onProgress?.({ stage: 'images', done, total });
  const pixels = await loadImages(paths, preprocessing, { signal, onProgress: report }).catch(interrupted);
  const [height, width] = preprocessing.size;
  const bytes = height * width * 3;
  const frames = names.map((_, i) => pixels.subarray(i * bytes, (i + 1) * bytes));
  return { training: frames.slice(0, split.training.length), validation: frames.slice(split.training.length) };
}

function interrupted(error: Error): never {
  if (error.name !== 'AbortError') throw error;
  throw new KdadError('INTERRUPTED', 'stopped before the training began; nothing was written', { cause: error });
}

/** The validation images' scores by the very file that will inspect, whatever it was trained on. */
async function scoresBy(
  detector: Uint8Array,
  held: { readonly frames: readonly Uint8Array[]; readonly names: readonly string[]; readonly threads: number },
): Promise<Calibration['scores']> {
  const { frames, names, threads } = held;
  const session = await DetectorSession.load(detector, { threads });
  const scores: Calibration['scores'] = [];
  try {
    for (const [i, frame] of frames.entries()) {
      const detection = await session.run(frame, 1);
      const image = names[i % names.length];
      scores.push({ image, score: detection.scores[0], ...(i >= names.length && { degraded: true }) });
    }
  } finally {
    await session.dispose();
  }
  return scores;
}

function describe(parts: {
  engine: Engine;
  recipe: Recipe;
  seed: number;
  preprocessing: Preprocessing;
  data: Manifest['data'];
  teacher: Manifest['teacher'];
  split: Split;
  calibration: Calibration;
  int8: Manifest['int8'];
  selfTest: Manifest['selfTest'];
  distilled: { bestEpoch: number; epochs: Manifest['training']['epochs'] };
}): Omit<Manifest, 'files'> {
  const { engine, recipe, seed, preprocessing, data, teacher, split, calibration, int8, selfTest, distilled } = parts;
  return {
    schemaVersion,
    backbone: 'resnet18-layer3',
    preprocessing: {
      size: [...preprocessing.size],
      aspect: preprocessing.aspect,
      mean: [...preprocessing.mean],
      std: [...preprocessing.std],
      sampleBits: preprocessing.sampleBits,
      tiles: preprocessing.tiles,
    },
    detector: { file: 'detector.onnx', maxBatch: framesAtOnce(MAX_BATCH, preprocessing.tiles) },
    recipe: { ...recipe, seed },
    data,
    teacher,
    split: { seed, ...split },
    threshold: { value: calibration.threshold, rule: calibration.rule, parameters: calibration.parameters },
    int8,
    selfTest,
    training: { engine: engine.name, bestEpoch: distilled.bestEpoch, epochs: distilled.epochs },
    versions: {
      kdadEdge: version,
      onnxruntime: runtimeVersion,
      ...(engine.name === 'tensorflow' ? { tensorflow: engine.version } : {}),
    },
  };
}
