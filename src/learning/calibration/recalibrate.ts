import { readFile } from 'node:fs/promises';
import { join as joinPath } from 'node:path';
import { z } from 'zod';
import { KdadError } from '../../common/errors.js';
import { join } from '../../common/join.js';
import type { Calibration } from '../../method/bundle/calibration.js';
import type { Bundle } from '../../method/bundle/read.js';
import { writeBundle } from '../../method/bundle/write.js';
import { type DetectorOptions, openDetector } from '../../method/detector/open-detector.js';
import { loadImages } from '../../method/images/load-images.js';
import { Unreadable } from '../../method/images/unreadable.js';
import { degradedCopies, heldSeed } from '../augmentation/degrade.js';
import { calibrationOf } from './calibration.js';
import { type RuleName, thresholdRules } from './threshold-rules.js';

/** Fewer would make the threshold a guess. */
const FEWEST_IMAGES = 4;

export interface RecalibrateOptions extends DetectorOptions {
  /** Folder that `images` are relative to. */
  readonly root: string;
  /** Good images that the student did not learn from. */
  readonly images: readonly string[];
  /** Instead of the rule that the bundle was trained with. */
  readonly rule?: RuleName;
  /** Where to write the new bundle; in place of the old one when it is the same folder. */
  readonly out: string;
  readonly signal?: AbortSignal;
  /** Told of images judged; each is by every detector of the bundle. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * Chooses a bundle's threshold anew, from other good images and without training.
 * @throws KdadError DATASET_INVALID with fewer than four images, IMAGE_UNREADABLE, OUTPUT_EXISTS
 */
export async function recalibrate(bundle: Bundle, options: RecalibrateOptions): Promise<Calibration> {
  const { root, images, out } = options;
  if (images.length < FEWEST_IMAGES) {
    throw new KdadError('DATASET_INVALID', `${root}: ${images.length} good images; expected ${FEWEST_IMAGES} or more`);
  }
  const { rule, parameters } = ruleOf(bundle, options.rule);
  const { files: listed, int8, ...manifest } = bundle.manifest;
  const judgements = images.length * (int8 ? 2 : 1);
  let judged = 0;
  const onProgress = (more: number) => {
    judged += more;
    options.onProgress?.(judged, judgements);
  };
  const calibrated = async (file: string, engine = options.engine) =>
    calibrationOf(await scoreImages(bundle, file, { ...options, engine, onProgress }), rule, parameters);
  const fp32 = await calibrated(manifest.detector.file);
  const inBytes = int8 && { about: int8, calibration: await calibrated(int8.file, 'onnx') };
  const contents = await Promise.all(
    Object.keys(listed).map(async (name) => [name, await readFile(joinPath(bundle.directory, name))]),
  );
  const files = { ...Object.fromEntries(contents), 'calibration.json': json(fp32) };
  if (inBytes) files['calibration-int8.json'] = json(inBytes.calibration);
  const changed = {
    ...manifest,
    threshold: { value: fp32.threshold, rule: fp32.rule, parameters: fp32.parameters },
    int8: inBytes && { ...inBytes.about, threshold: inBytes.calibration.threshold },
  };
  await writeBundle(out, { files, manifest: changed }, { replace: out === bundle.directory });
  return bundle.precision === 'int8' && inBytes ? inBytes.calibration : fp32;
}

const json = (value: unknown): string => `${JSON.stringify(value, null, 2)}\n`;

/** The bundle's own rule with its parameters, or another with its defaults. */
function ruleOf(
  { manifest }: Bundle,
  wanted: RuleName | undefined,
): { rule: RuleName; parameters: Record<string, number> } {
  const { rule, parameters } = manifest.threshold;
  if (wanted !== undefined && wanted !== rule) return { rule: wanted, parameters: {} };
  if (rule in thresholdRules) return { rule: rule as RuleName, parameters };
  throw new KdadError('BUNDLE_UNSUPPORTED', `the bundle's threshold came from rule ${rule}; name one with --rule`);
}

/** Recipes that take the threshold from degraded copies, too. */
const remembersCopies = z.looseObject({ memory: z.looseObject({ degradedCopies: z.literal(true) }) });

async function scoreImages(
  bundle: Bundle,
  file: string,
  {
    root,
    images,
    signal,
    onProgress,
    engine,
    threads,
  }: Omit<RecalibrateOptions, 'onProgress'> & { onProgress(more: number): void },
): Promise<Calibration['scores']> {
  const plain: Calibration['scores'] = [];
  const copied: Calibration['scores'] = [];
  const { preprocessing, detector: built, recipe } = bundle.manifest;
  const copies = remembersCopies.safeParse(recipe).success;
  const unreadable = new Unreadable();
  const detector = await openDetector(
    { ...bundle, detectorPath: joinPath(bundle.directory, file) },
    { engine, threads },
  );
  try {
    for (let start = 0; start < images.length; start += built.maxBatch) {
      const batch = images.slice(start, start + built.maxBatch);
      const paths = batch.map((path) => joinPath(root, path));
      const frames = await loadImages(paths, preprocessing, { signal, unreadable });
      if (unreadable.any) continue; // Only looks for more of them.
      const { scores } = await detector.run(frames, batch.length);
      plain.push(...batch.map((image, i) => ({ image, score: scores[i] })));
      if (copies) {
        const size = frames.length / batch.length;
        const pictures = batch.map((_, i) => frames.subarray(i * size, (i + 1) * size));
        const seed = heldSeed(recipe.seed);
        const made = await degradedCopies(pictures, preprocessing.size, seed, { first: start, signal });
        const ofCopies = (await detector.run(join(made), batch.length)).scores;
        copied.push(...batch.map((image, i) => ({ image, score: ofCopies[i], degraded: true })));
      }
      onProgress(batch.length);
    }
  } finally {
    await detector.dispose();
  }
  unreadable.throwIfAny();
  return [...plain, ...copied];
}
