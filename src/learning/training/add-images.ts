import { readFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { z } from 'zod';
import { KdadError } from '../../common/errors.js';
import { makeParent } from '../../common/files.js';
import type { Bundle } from '../../method/bundle/read.js';
import { readSelfTest } from '../../method/bundle/self-test.js';
import { checkTarget, writeBundle } from '../../method/bundle/write.js';
import { readMakings } from '../../method/detector/makings.js';
import type { Engine } from '../../method/engine/engine.js';
import { joinAppearances, usualAppearance } from '../../method/images/appearance.js';
import { loadImages } from '../../method/images/load-images.js';
import type { Preprocessing } from '../../method/images/preprocessing.js';
import type { Weights } from '../../method/model/weights.js';
import { writeSafetensors } from '../../method/weights/safetensors.js';
import { degradedCopies, heldSeed } from '../augmentation/degrade.js';
import { scoresBy } from '../calibration/scores-by.js';
import { joinMemories, remember } from '../memory/remember.js';
import { int8Detector } from '../quantisation/int8-detector.js';
import { traceDetector } from './export-detector.js';

/** Prototypes of each layer that an image is worth, and all of them together at most: every one costs time for ever. */
const OF_IMAGE = 50;
const MOST = 500;

/** Patches of each layer that they are chosen from, and the dimensions for that, see `MemorySettings`. */
const CANDIDATES = 40_000;
const PROJECTION = 48;

/** What a recipe with a memory says of it. */
const remembering = z.looseObject({ memory: z.looseObject({ degradedCopies: z.boolean() }) });

export interface AddOptions {
  /** Folder that `images` are relative to. */
  readonly root: string;
  /** Good images that the bundle called bad. */
  readonly images: readonly string[];
  /** Where to write the new bundle. */
  readonly out: string;
  readonly engine: Engine;
  readonly signal?: AbortSignal;
}

export interface Added {
  /** Prototypes of layer1 to layer3 that the memory has more. */
  readonly prototypes: readonly number[];
  /** Images that score at or above the threshold all the same. */
  readonly above: readonly string[];
  readonly threshold: number;
}

/**
 * A bundle whose memory also knows these good images, without training; student, weights and thresholds are the old
 * ones. Takes seconds.
 * @throws KdadError BUNDLE_UNSUPPORTED for one without a memory, IMAGE_UNREADABLE, OUTPUT_EXISTS, OUTPUT_UNWRITABLE
 */
export async function addImages(bundle: Bundle, { root, images, out, engine, signal }: AddOptions): Promise<Added> {
  const { directory, manifest } = bundle;
  const recipe = remembering.safeParse(manifest.recipe);
  const { weights, options, size } = await readMakings(bundle);
  if (!recipe.success || !weights.memory) {
    const message = `${directory}: recipe ${manifest.recipe.name} has no memory to add images to; train with all of them`;
    throw new KdadError('BUNDLE_UNSUPPORTED', message);
  }
  await makeParent(out);
  await checkTarget(out);
  const { preprocessing, recipe: written, detector: built, appearance, int8: inBytes, threshold } = manifest;
  const frames = await framesOf(root, images, preprocessing, signal);
  const { seed } = written;
  const copies = recipe.data.memory.degradedCopies ? await degradedCopies(frames, size, heldSeed(seed)) : [];
  const pictures = [...frames, ...copies];
  const most = Math.min(MOST, OF_IMAGE * images.length);
  const {
    teacher,
    memory: { weights: weighing, ...known },
  } = weights as { teacher: Weights; memory: Weights };
  const settings = { prototypes: [most, most, most], candidates: CANDIDATES, projection: PROJECTION };
  const [added] = await remember({ engine, teacher, folds: [pictures], preprocessing, settings, seed, signal });
  const memory = { ...joinMemories([known, added]), weights: weighing };
  const graph = await traceDetector({ ...weights, memory }, { size, maxBatch: built.maxBatch, ...options });
  const detector = graph.encode({ symbolicBatch: true });
  const { frame: sample } = await readSelfTest(bundle);
  const { threads } = engine;
  const int8 =
    inBytes &&
    (await int8Detector(
      { detector: graph, unknowing: graph },
      { all: [sample, ...pictures], held: pictures, sample },
      { ...preprocessing, seed, threads },
    ));
  const [selfTestScore, ...scores] = await scoresBy(detector, [sample, ...frames], threads);
  const kept = await Promise.all(
    Object.keys(manifest.files).map(async (name) => [name, await readFile(joinPath(directory, name))]),
  );
  const { files: _, ...about } = manifest;
  await writeBundle(out, {
    files: {
      ...Object.fromEntries(kept),
      'detector.onnx': detector,
      'memory.safetensors': writeSafetensors(memory),
      ...(inBytes && int8 && { [inBytes.file]: int8.detector }),
    },
    manifest: {
      ...about,
      appearance: appearance && joinAppearances(appearance, usualAppearance(frames, size)),
      data: { ...about.data, added: (about.data.added ?? 0) + images.length },
      selfTest: { ...about.selfTest, score: selfTestScore },
      int8: inBytes && int8 && { ...inBytes, selfTestScore: int8.selfTestScore },
    },
  });
  return {
    prototypes: Object.values(added).map(({ shape }) => shape[0]),
    above: images.filter((_, i) => scores[i] >= threshold.value),
    threshold: threshold.value,
  };
}

async function framesOf(
  root: string,
  images: readonly string[],
  preprocessing: Preprocessing,
  signal: AbortSignal | undefined,
): Promise<Uint8Array[]> {
  const paths = images.map((image) => joinPath(root, image));
  const pixels = await loadImages(paths, preprocessing, { signal });
  const [height, width] = preprocessing.size;
  const bytes = height * width * 3;
  return images.map((_, i) => pixels.subarray(i * bytes, (i + 1) * bytes));
}
