import { join } from 'node:path';
import { KdadError } from '../../common/errors.js';
import { listed } from '../../common/listing.js';
import type { DetectorSource } from '../../method/detector/detector.js';
import { type DetectorOptions, openDetector } from '../../method/detector/open-detector.js';
import type { Detection } from '../../method/engine/onnx/session.js';
import { readMask, type Surveyed, surveyPicture } from '../../method/images/image.js';
import { loadImages } from '../../method/images/load-images.js';
import type { Framing } from '../../method/images/preprocessing.js';
import { resampleBilinear } from '../../method/images/resample.js';
import { Unreadable } from '../../method/images/unreadable.js';
import type { LabelledMaps } from '../../method/metrics/pixels.js';
import { type Dataset, type TestImage, testsOf } from '../dataset/dataset.js';
import { type MarkedImage, maskNotes } from './mask-notes.js';

/** A judged image with its truth. */
export interface ScoredImage {
  readonly kind: string;
  readonly score: number;
}

/** The test images of a dataset, judged. */
export interface JudgedImages {
  /** In the order of the dataset; paths are relative to its folder. */
  readonly images: readonly (ScoredImage & TestImage)[];
  /**
   * Every anomaly map with its mask, at the size of the detector's input as is usual; null where the dataset has no
   * masks.
   */
  readonly labelledMaps: LabelledMaps | null;
  /** What is odd about the masks. */
  readonly notes: readonly string[];
}

export interface JudgeTestsOptions extends DetectorOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Runs the detector over the test images of a dataset, or over all images of a plain folder, which count as good; keeps
 * its maps where there are masks to compare them with.
 *
 * @throws KdadError DATASET_INVALID, IMAGE_UNREADABLE, INFERENCE_FAILED, ENGINE_FAILED; the signal's reason when
 *   aborted
 */
export async function judgeTests(
  bundle: DetectorSource,
  dataset: Dataset,
  { signal, onProgress, ...options }: JudgeTestsOptions = {},
): Promise<JudgedImages> {
  const { manifest } = bundle;
  const { root } = dataset;
  const tests = testsOf(dataset);
  if (tests.length === 0) throw new KdadError('DATASET_INVALID', `${root}: no images to evaluate on`);
  const masked = tests.some(({ masks }) => masks !== undefined);
  const images: (ScoredImage & TestImage)[] = [];
  const marked: MarkedImage[] = [];
  const unreadable = new Unreadable();
  const misshapen: string[] = [];
  let labelled: LabelledMaps | null = null;
  const detector = await openDetector(bundle, options);
  try {
    for (let start = 0; start < tests.length; start += manifest.detector.maxBatch) {
      const batch = tests.slice(start, start + manifest.detector.maxBatch);
      const paths = batch.map(({ path }) => join(root, path));
      const frames = await loadImages(paths, manifest.preprocessing, { signal, unreadable });
      if (unreadable.any) continue; // Only looks for more of them.
      const detection = await detector.run(frames, batch.length);
      const { scores } = detection;
      for (const [i, test] of batch.entries()) {
        const score = scores[i];
        if (!Number.isFinite(score)) throw new KdadError('INFERENCE_FAILED', `${test.path}: the score is ${score}`);
        images.push({ ...test, score });
      }
      if (masked) {
        const { size } = manifest.preprocessing;
        labelled ??= emptyMaps(tests.length, size);
        labelled.maps.set(enlarged(detection, size), start * size[0] * size[1]);
        marked.push(
          ...(await readMasks(labelled, root, batch, start, { ...manifest.preprocessing, unreadable, misshapen })),
        );
      }
      onProgress?.(start + batch.length, tests.length);
    }
  } finally {
    await detector.dispose();
  }
  unreadable.throwIfAny();
  if (misshapen.length > 0) {
    const expected = 'expected masks drawn on the pictures as they are, upright and uncut';
    const message = `${root}: masks have another shape than their pictures: ${listed(misshapen)}; ${expected}`;
    throw new KdadError('DATASET_INVALID', message);
  }
  const empty = marked.every((image) => image.marked === 0);
  return { images, labelledMaps: empty ? null : labelled, notes: maskNotes(marked) };
}

function emptyMaps(images: number, mapSize: readonly [number, number]): LabelledMaps {
  const pixels = images * mapSize[0] * mapSize[1];
  return { maps: new Float32Array(pixels), masks: new Uint8Array(pixels), mapSize };
}

/** The maps of all frames at another height and width. */
function enlarged({ scores, maps, mapSize }: Detection, size: readonly [number, number]): Float32Array {
  if (mapSize[0] === size[0] && mapSize[1] === size[1]) return maps;
  const [from, to] = [mapSize, size].map(([height, width]) => height * width);
  const result = new Float32Array(scores.length * to);
  for (let i = 0; i < scores.length; i++) {
    result.set(resampleBilinear(maps.subarray(i * from, (i + 1) * from), 1, mapSize, size), i * to);
  }
  return result;
}

/** @returns how much of each image with masks they mark */
async function readMasks(
  { masks, mapSize }: LabelledMaps,
  root: string,
  batch: readonly TestImage[],
  start: number,
  { aspect, unreadable, misshapen }: Framing & { readonly unreadable: Unreadable; readonly misshapen: string[] },
): Promise<MarkedImage[]> {
  const pixels = mapSize[0] * mapSize[1];
  const marked: MarkedImage[] = [];
  for (const [i, { path, masks: files }] of batch.entries()) {
    if (!files) continue;
    const whole = masks.subarray((start + i) * pixels, (start + i + 1) * pixels);
    const picture = await surveyPicture(join(root, path));
    for (const file of files) {
      const drawn = await surveyPicture(join(root, file)).catch((error) => unreadable.add(error));
      if (drawn && !isAlike(drawn, picture)) misshapen.push(`${file} (${sizeOf(drawn)}, not ${sizeOf(picture)})`);
      const mask = await readMask(join(root, file), mapSize, aspect).catch((error) => unreadable.add(error));
      if (mask) for (let pixel = 0; pixel < pixels; pixel++) whole[pixel] |= mask[pixel];
    }
    marked.push({ path, marked: whole.reduce((sum, one) => sum + one, 0) / pixels });
  }
  return marked;
}

const sizeOf = ({ width, height }: Surveyed): string => `${width} x ${height}`;

/** Whether one is the other in another resolution, but for a pixel. */
function isAlike(mask: Surveyed, picture: Surveyed): boolean {
  const expected = (mask.width * picture.height) / picture.width;
  return Math.abs(mask.height - expected) <= Math.max(1, mask.width / picture.width, mask.height / picture.height);
}
