// What cameras, lamps and encoders do to pictures of good and bad parts alike, and what a bundle says of them then.
import { join } from 'node:path';
import sharp from 'sharp';
import { mixSeeds, normalFrom, randomFrom } from '../../dist/common/random.js';
import { evaluateScores } from '../../dist/learning/evaluation/evaluate.js';
import { openDetector } from '../../dist/method/detector/open-detector.js';
import { decodeImage } from '../../dist/method/images/image.js';

const each = (change) => (frame) => Uint8ClampedArray.from(frame, change);

/** By name: from uint8 RGB frame, its height and width, and seed to another frame. */
export const disturbances = {
  none: (frame) => frame,
  'brightness x0.8': each((value) => 0.8 * value),
  'brightness x0.9': each((value) => 0.9 * value),
  'brightness x1.1': each((value) => 1.1 * value),
  'brightness x1.2': each((value) => 1.2 * value),
  'contrast x0.8': (frame) => {
    const mean = frame.reduce((sum, value) => sum + value, 0) / frame.length;
    return Uint8ClampedArray.from(frame, (value) => mean + 0.8 * (value - mean));
  },
  'blur 1 px': (frame, size) => sharp(frame, raw(size)).blur(1).raw().toBuffer(),
  'noise 5': (frame, _, seed) => {
    const normal = normalFrom(randomFrom(seed));
    return Uint8ClampedArray.from(frame, (value) => value + 5 * normal());
  },
  'shift 3 px': (frame, [height, width]) => {
    const moved = new Uint8Array(frame.length);
    for (let y = 0; y < height; y++) {
      for (let x = 0; x < width; x++) {
        const from = (Math.max(0, y - 3) * width + Math.max(0, x - 3)) * 3;
        moved.set(frame.subarray(from, from + 3), (y * width + x) * 3);
      }
    }
    return moved;
  },
  'JPEG 60': async (frame, size) => {
    const jpeg = await sharp(frame, raw(size)).jpeg({ quality: 60 }).toBuffer();
    return sharp(jpeg).removeAlpha().toColourspace('srgb').raw().toBuffer();
  },
};

const raw = ([height, width]) => ({ raw: { width, height, channels: 3 } });

/** Image AUROC, and the shares of defects caught and of false alarms at the bundle's threshold. */
export async function judgeDisturbed(bundle, { root, tests }, name) {
  const { preprocessing } = bundle.manifest;
  const detector = await openDetector(bundle);
  const scored = [];
  for (const [i, { path, kind }] of tests.entries()) {
    const frame = await decodeImage(join(root, path), preprocessing);
    const changed = await disturbances[name](frame, preprocessing.size, mixSeeds(i, 5));
    const { scores } = await detector.run(new Uint8Array(changed), 1);
    scored.push({ kind, score: scores[0] });
  }
  await detector.dispose();
  const { imageAuroc, truePositiveRate, falsePositiveRate } = evaluateScores(scored, bundle.threshold);
  return { imageAuroc, caught: truePositiveRate, falseAlarms: falsePositiveRate };
}
