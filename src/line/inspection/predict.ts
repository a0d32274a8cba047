import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { KdadError } from '../../common/errors.js';
import { isImageName, notUtf8, scan } from '../../learning/dataset/scan.js';
import type { Bundle } from '../../method/bundle/read.js';
import type { AnomalyMap } from '../../method/detector/anomaly-map.js';
import type { DetectorOptions } from '../../method/detector/open-detector.js';
import { fillsFrame, paddedPlace } from '../../method/images/framing.js';
import { decodePicture, framePicture } from '../../method/images/image.js';
import type { Picture } from '../../method/images/picture.js';
import type { Ffmpeg } from '../camera/ffmpeg/ffmpeg.js';
import { readVideo } from '../camera/video.js';
import type { FrameScene } from './frame-scene.js';
import { MaskingDetector } from './masking-detector.js';

/** A file to look at. */
export interface Source {
  readonly kind: 'image' | 'video';
  readonly path: string;
  /** Its path within the folder that was asked for, or the file's name. */
  readonly name: string;
  /** Why it cannot even be opened. */
  readonly unreadable?: string;
}

/** What the detector says of an image or of a frame of a video. */
export interface Prediction {
  readonly source: Source;
  /** Counts the frames of a video from 0. */
  readonly frame?: number;
  /** An image at its own size; a frame of a video, and an image that had to be padded, at the detector's. */
  readonly picture: Picture;
  /** Whether it lies in the middle of its frame: its shape is not the one that the model learned. */
  readonly padded: boolean;
  readonly score: number;
  readonly map: AnomalyMap;
  /** What is odd about it as a whole, see `lookOf` and `isOtherScene`. */
  readonly scene: FrameScene | null;
}

/** A source that could not be read, or no further. */
export interface Failure {
  readonly source: Source;
  readonly error: KdadError;
}

/**
 * What paths on the command line stand for: folders are searched for images, other files are images or, by their
 * extension, videos. A path where nothing is counts as an image, whose reading then says so.
 *
 * @throws KdadError DATASET_INVALID for a folder without images
 */
export async function findSources(paths: readonly string[]): Promise<Source[]> {
  const found = await Promise.all(
    paths.map(async (path): Promise<Source[]> => {
      const info = await stat(path).catch(() => undefined);
      const name = path.replace(/^.*[/\\](?=.)/, '');
      if (!info?.isDirectory()) return [{ kind: !info || isImageName(path) ? 'image' : 'video', path, name }];
      const { images, leftOut } = await scan(path);
      const unnamed = leftOut.filter(({ why }) => why === notUtf8);
      if (images.length + unnamed.length === 0)
        throw new KdadError('DATASET_INVALID', `${path}: no PNG, JPEG, BMP, WebP or TIFF images`);
      return [
        ...images.map((image) => ({ kind: 'image' as const, path: join(path, image), name: image })),
        ...unnamed.map((one) => ({
          kind: 'image' as const,
          path: join(path, one.path),
          name: one.path,
          unreadable: one.why,
        })),
      ];
    }),
  );
  return found.flat();
}

/**
 * Judges images and videos one after the other. What cannot be read is yielded as a failure, and the rest goes on.
 *
 * @param findFfmpeg called once, before the first video
 * @throws KdadError ENGINE_FAILED
 */
export async function* predict(
  bundle: Bundle,
  sources: readonly Source[],
  findFfmpeg: () => Promise<Ffmpeg>,
  options: DetectorOptions = {},
): AsyncGenerator<Prediction | Failure, void> {
  const { preprocessing } = bundle.manifest;
  let ffmpeg: Ffmpeg | undefined;
  const detector = await MaskingDetector.open(bundle, options);
  const judge = async (source: Source, picture: Picture, frame?: number): Promise<Prediction> => {
    const seen = frame === undefined ? await framePicture(picture, preprocessing) : picture;
    const judged = await detector.judge({ frames: seen.pixels, batch: 1 });
    const [score] = judged.scores;
    const [map] = judged.maps as [AnomalyMap];
    const [scene] = judged.scenes;
    if (!Number.isFinite(score)) throw new KdadError('INFERENCE_FAILED', `${source.path}: the score is ${score}`);
    const padded =
      frame === undefined ? !fillsFrame(picture, preprocessing) : paddedPlace(picture, preprocessing) !== undefined;
    return { source, frame, picture: padded ? seen : picture, padded, score, map, scene };
  };
  try {
    for (const source of sources) {
      try {
        if (source.unreadable !== undefined) {
          throw new KdadError('IMAGE_UNREADABLE', `${source.path}: ${source.unreadable}`);
        }
        if (source.kind === 'image') {
          yield await judge(source, await decodePicture(source.path, preprocessing.sampleBits));
        } else {
          ffmpeg ??= await findFfmpeg();
          const { size, aspect } = preprocessing;
          for await (const frame of readVideo(source.path, { ffmpeg, size, aspect })) {
            yield await judge(source, frame, frame.sequence);
          }
        }
      } catch (error) {
        if (!(error instanceof KdadError) || error.code === 'ENGINE_FAILED') throw error;
        yield { source, error };
      }
    }
  } finally {
    await detector.dispose();
  }
}
