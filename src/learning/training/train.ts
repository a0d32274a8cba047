import { KdadError } from '../../common/errors.js';
import { makeParent } from '../../common/files.js';
import { randomFrom } from '../../common/random.js';
import type { Calibration } from '../../method/bundle/calibration.js';
import { type BundleContents, checkTarget, writeBundle } from '../../method/bundle/write.js';
import type { DetectorWeights } from '../../method/detector/program.js';
import type { Engine } from '../../method/engine/engine.js';
import { usualAppearance } from '../../method/images/appearance.js';
import { encodePng } from '../../method/images/image.js';
import { framesAtOnce, tileCount, tileGrid, viewsOf } from '../../method/images/tiles.js';
import { foldBatchNorm } from '../../method/model/parameters.js';
import type { Weights } from '../../method/model/weights.js';
import { readTeacher } from '../../method/weights/read-teacher.js';
import { writeSafetensors } from '../../method/weights/safetensors.js';
import { cutPaste } from '../augmentation/cut-paste.js';
import { calibrationOf } from '../calibration/calibration.js';
import { oddImages } from '../calibration/odd-images.js';
import { scoresBy } from '../calibration/scores-by.js';
import { fingerprint } from '../dataset/fingerprint.js';
import { removeCheckpoint } from '../distillation/checkpoint.js';
import { type Distilled, type DistillOptions, distil } from '../distillation/distil.js';
import { shuffledImages } from '../distillation/image-source.js';
import { type GoodImage, picturesByFold, picturesOf } from '../memory/folds.js';
import { opinionsOutOfFold } from '../memory/opinions.js';
import { joinMemories, type MemorySettings, remember } from '../memory/remember.js';
import { usualDistances } from '../memory/usual-distance.js';
import { type Weighed, weigh } from '../memory/weigh.js';
import { int8Detector } from '../quantisation/int8-detector.js';
import { scoresInIntegers } from '../quantisation/int8-scores.js';
import { traceDetector } from './export-detector.js';
import { manifestOf } from './manifest.js';
import { interrupted, type Prepared, prepare } from './prepare.js';
import { mapOptionsOf, type Recipe } from './recipes.js';
import type { TrainOptions, TrainResult } from './train-options.js';

/** The largest batch that bundles are built for: larger ones gain nothing on a CPU and little on a GPU. */
const MAX_BATCH = 8;

/** Memory for the teacher's features, in bytes. */
const FEATURE_MEMORY = 2e9;

export type { TrainOptions, TrainProgress, TrainResult } from './train-options.js';

/**
 * Learns a product: images in, bundle out. The same images, teacher, recipe, seed and version write the same bytes.
 *
 * @throws KdadError DATASET_INVALID, IMAGE_UNREADABLE, WEIGHTS_INVALID, OUTPUT_EXISTS, OUTPUT_UNWRITABLE,
 *   CHECKPOINT_INVALID, TRAINING_DIVERGED; INTERRUPTED when the signal came before the first epoch was done; USAGE for
 *   what the recipe cannot do
 */
export async function train(options: TrainOptions): Promise<TrainResult> {
  const { out, seed, engine, resume = false, signal, onProgress } = options;
  const { threads } = engine;
  await makeParent(out);
  await checkTarget(out, { replace: resume });
  const { weights: teacher, sha256: teacherHash } = await readTeacher(options.teacher);
  const prepared = await prepare(options);
  const { root, good, split, recipe, preprocessing, padded } = prepared;
  const dataHash = await fingerprint(root, good);
  const memories = recipe.memory && (await rememberAll(prepared, teacher, options));
  if (options.dropOdd) {
    if (!memories) throw new KdadError('USAGE', `recipe ${recipe.name} has no memory to find odd images with`);
    const { scores } = await weighed(prepared, { engine, teacher }, memories, signal).catch(interrupted);
    const dropped = oddImages(scores).map(({ image }) => image);
    const exclude = [...(options.exclude ?? []), ...dropped];
    return { ...(await train({ ...options, exclude, dropOdd: false })), dropped };
  }

  const checkpoint = `${out.replace(/\/+$/, '')}.checkpoint`;
  const distilled = await learn(prepared, {
    engine,
    teacher,
    features: { memory: FEATURE_MEMORY, file: `${out.replace(/\/+$/, '')}.features` },
    seed,
    checkpoint,
    resume,
    signal,
    onProgress: (progress) => onProgress?.({ stage: 'training', ...progress }),
  });

  onProgress?.({ stage: 'calibration' });
  const student = distilled.student && foldBatchNorm(distilled.student);
  const learned = framesOf(prepared, (fold) => fold > 0);
  const usual = student && (await usualDistances({ engine, teacher, student, frames: learned, preprocessing }));
  const opinions = memories && (await weighed(prepared, { engine, teacher, student, usual }, memories));
  const memory = memories && opinions && withWeights(joinMemories(memories), opinions.weights);
  const weights: DetectorWeights = { teacher, student, usual, memory };
  const maxBatch = framesAtOnce(MAX_BATCH, preprocessing.tiles);
  const shape = { size: preprocessing.size, maxBatch, ...detecting(prepared, opinions?.background) };
  const graph = await traceDetector(weights, shape);
  const detector = graph.encode({ symbolicBatch: true });
  const held = prepared.images.filter(({ fold }) => fold === 0);
  // No part of it knows the images that are held out.
  const unknowing = memories && opinions && withWeights(joinMemories(memories.slice(1)), opinions.weights);
  const other = unknowing ? await traceDetector({ ...weights, memory: unknowing }, shape) : graph;
  const scores = opinions?.scores ?? (await scored(detector, held, threads));
  // With a defect, on which devices differ less than on the little that is odd about a good picture.
  const sample = cutPaste(held[0].frame, preprocessing.size, randomFrom(seed));
  const { rule, parameters } = recipe.threshold;
  const calibration = calibrationOf(scores, rule, parameters);
  const int8 = await int8Detector(
    { detector: graph, unknowing: other },
    { all: prepared.images.flatMap(picturesOf), held: held.flatMap(picturesOf), sample },
    { ...preprocessing, seed, threads },
  );
  const rounded = scoresInIntegers(scores, int8.held);
  const int8Calibration = calibrationOf(rounded, rule, parameters);
  const [height, width] = preprocessing.size;
  const { agreement, agrees, reason, selfTestScore } = int8;
  const manifest = manifestOf({
    ...{ engine, seed, recipe, split, preprocessing, maxBatch, calibration, distilled },
    background: opinions?.background,
    appearance: usualAppearance(
      framesOf(prepared, () => true),
      preprocessing.size,
    ),
    data: { images: good.length, sha256: dataHash, padded },
    teacher: { sha256: teacherHash },
    int8: {
      file: 'detector-int8.onnx',
      threshold: int8Calibration.threshold,
      ...{ selfTestScore, agreement, agrees, reason },
    },
    selfTest: { file: 'self-test.png', score: (await scoresBy(detector, [sample], threads))[0] },
  });
  const files: BundleContents['files'] = {
    'detector.onnx': detector,
    'teacher.safetensors': writeSafetensors(teacher),
    ...(distilled.student && { 'student.safetensors': writeSafetensors(distilled.student) }),
    ...(usual && { 'usual-distance.safetensors': writeSafetensors(usual) }),
    ...(memory && { 'memory.safetensors': writeSafetensors(memory) }),
    'self-test.png': await encodePng({ pixels: sample, width, height }),
    'calibration.json': `${JSON.stringify(calibration, null, 2)}\n`,
    'detector-int8.onnx': int8.detector,
    'calibration-int8.json': `${JSON.stringify(int8Calibration, null, 2)}\n`,
  };
  await writeBundle(out, { files, manifest }, { replace: resume });
  if (distilled.finished) await removeCheckpoint(checkpoint);
  return { manifest, calibration, finished: distilled.finished, dropped: [] };
}

const framesOf = ({ images }: Prepared, wanted: (fold: number) => boolean): Uint8Array[] =>
  images.filter(({ fold }) => wanted(fold)).map(({ frame }) => frame);

async function scored(detector: Uint8Array, images: readonly GoodImage[], threads: number | undefined) {
  const scores = await scoresBy(
    detector,
    images.map(({ frame }) => frame),
    threads,
  );
  return images.map(({ name }, i): Calibration['scores'][number] => ({ image: name, score: scores[i] }));
}

const withWeights = (memory: Weights, data: Float32Array): Weights => ({
  ...memory,
  weights: { shape: [data.length], data },
});

/** How the parts of the detector become one. */
const detecting = ({ recipe, preprocessing }: Prepared, background?: number) => ({
  normalisation: preprocessing,
  map: mapOptionsOf(recipe, preprocessing.size),
  scoring: { by: recipe.score, background },
  tiles: tileGrid(preprocessing),
});

/** The memory of every fold. */
function rememberAll(
  { recipe, preprocessing, images }: Prepared,
  teacher: Weights,
  { engine, seed, signal, onProgress }: TrainOptions,
): Promise<Weights[]> {
  return remember({
    ...{ engine, teacher, preprocessing, seed, signal, settings: recipe.memory as MemorySettings },
    folds: picturesByFold(images),
    onProgress: (done, total) => onProgress?.({ stage: 'memory', done, total }),
  }).catch(interrupted);
}

/** What memory and student weigh, and the scores of the images by what does not know them. */
async function weighed(
  prepared: Prepared,
  { engine, ...weights }: Omit<DetectorWeights, 'memory'> & { readonly engine: Engine },
  memories: readonly Weights[],
  signal?: AbortSignal,
): Promise<Weighed> {
  const { preprocessing, images, recipe } = prepared;
  const { layerWeights, studentWeight } = recipe.memory as NonNullable<Recipe['memory']>;
  const options = detecting(prepared);
  const opinions = await opinionsOutOfFold({ engine, weights, memories, options, preprocessing, images, signal });
  return weigh(opinions, {
    scoring: recipe.score,
    tiles: tileCount(preprocessing.tiles),
    folds: memories.length,
    layerWeights,
    studentWeight,
  });
}

/** A student of what the networks see of the images, where the recipe has one. */
async function learn(
  prepared: Prepared,
  options: Omit<DistillOptions, 'images' | 'recipe' | 'preprocessing'>,
): Promise<Omit<Distilled, 'student'> & Partial<Pick<Distilled, 'student'>>> {
  const { recipe, preprocessing } = prepared;
  if (recipe.epochs === 0) return { bestEpoch: 0, epochs: [], finished: true };
  const [training, validation] = [(fold: number) => fold > 0, (fold: number) => fold === 0].map((wanted) =>
    viewsOf(framesOf(prepared, wanted), preprocessing),
  );
  return distil({
    ...options,
    recipe,
    images: { training: shuffledImages(training.views, options.seed), validation: validation.views },
    preprocessing: validation.preprocessing,
  });
}
