import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { KdadError } from '../../common/errors.js';
import { replaceFile, unwritable } from '../../common/files.js';
import type { DetectorSource } from '../../method/detector/detector.js';
import type { DetectorOptions } from '../../method/detector/open-detector.js';
import { encodePng, resizePicture } from '../../method/images/image.js';
import type { Picture } from '../../method/images/picture.js';
import type { Framing } from '../../method/images/preprocessing.js';
import { Camera } from '../camera/camera.js';
import type { Ffmpeg } from '../camera/ffmpeg/ffmpeg.js';
import type { Frame } from '../camera/frame.js';
import type { CameraSettings } from '../camera/settings.js';
import type { Polygon } from '../inspection/ignored.js';
import { MaskingDetector } from '../inspection/masking-detector.js';
import { Likeness } from './likeness.js';

/** The larger pictures are so many times as wide and as high. */
const LARGER = 4;

export interface CollectOptions {
  readonly camera: CameraSettings;
  /** How a picture becomes what the detector sees. */
  readonly framing: Framing;
  readonly ffmpeg: Ffmpeg;
  /** Pictures go to `images` in it, larger ones to `full`. */
  readonly out: string;
  /** Pictures to save; without end when absent. */
  readonly count?: number;
  /** Leaves out what a bundle's detector calls anomalous. */
  readonly onlyGood?: DetectorOptions & {
    readonly source: DetectorSource;
    readonly threshold: number;
    /** Areas that never count. */
    readonly ignored?: readonly Polygon[];
  };
  /** Also saves each picture four times as wide and high. */
  readonly full?: boolean;
  /** Ends it; what has been saved stays. */
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  readonly onSaved?: (picture: Picture, name: string) => Promise<void>;
}

/** Frames so far. */
export interface Progress {
  readonly saved: number;
  readonly alike: number;
  readonly anomalous: number;
  readonly damaged: number;
}

/**
 * Saves frames of a camera exactly as the detector sees them, each only once, until there are enough or the source
 * ends.
 * @throws KdadError FFMPEG_FAILED when the camera is lost, VIDEO_DAMAGED behind the last good frame of a file that is
 *   not whole, OUTPUT_UNWRITABLE, ENGINE_FAILED
 */
export async function collect(options: CollectOptions): Promise<Progress> {
  const { framing, out, count = Number.POSITIVE_INFINITY, onlyGood, full, onProgress, onSaved } = options;
  for (const folder of full ? ['images', 'full'] : ['images']) {
    await mkdir(join(out, folder), { recursive: true }).catch((error) => {
      throw unwritable(out, error);
    });
  }
  const detector = onlyGood && (await MaskingDetector.open(onlyGood.source, onlyGood));
  const likeness = new Likeness();
  let progress: Progress = { saved: 0, alike: 0, anomalous: 0, damaged: 0 };
  const add = (what: keyof Progress) => {
    progress = { ...progress, [what]: progress[what] + 1 };
  };
  try {
    for await (const frame of frames(options, full ? LARGER : 1, () => add('damaged'))) {
      const seen = await resizePicture(frame, framing.size);
      if (detector && !(await isGood(detector, seen, onlyGood))) add('anomalous');
      else if (!(await likeness.isNew(seen))) add('alike');
      else {
        const name = `${frame.camera}-${new Date(frame.time).toISOString().replaceAll(':', '-')}-${frame.sequence}.png`;
        await replaceFile(join(out, 'images', name), await encodePng(seen));
        if (full) await replaceFile(join(out, 'full', name), await encodePng(frame));
        await onSaved?.(seen, name);
        add('saved');
      }
      onProgress?.(progress);
      if (progress.saved >= count) break;
    }
  } finally {
    await detector?.dispose();
  }
  return progress;
}

async function isGood(
  detector: MaskingDetector,
  { pixels: frames }: Picture,
  { threshold, ignored }: NonNullable<CollectOptions['onlyGood']>,
): Promise<boolean> {
  const mapsFrom = [Number.POSITIVE_INFINITY];
  const { scores } = await detector.judge({ frames, batch: 1, ignored: [ignored ?? null], mapsFrom });
  return scores[0] < threshold;
}

/** The camera's frames, the newest first come: what arrives while one is looked at is passed over. */
async function* frames(
  { camera: settings, framing: { size, aspect, sampleBits }, ffmpeg, signal }: CollectOptions,
  larger: number,
  onDamagedFrame: () => void,
): AsyncGenerator<Frame, void> {
  let newest: Frame | undefined;
  let failure: KdadError | undefined;
  let ended = false;
  let wake = () => {};
  const listener = {
    onDamagedFrame,
    onDamagedVideo: (what: string) => {
      failure = new KdadError('VIDEO_DAMAGED', `camera ${settings.name}: ${what}`);
    },
    onFrame: (frame: Frame) => {
      newest = frame;
      wake();
    },
    onState: (state: string, reason?: string) => {
      if (state === 'lost') failure = new KdadError('FFMPEG_FAILED', `camera ${settings.name}: ${reason}`);
      if (state === 'ended') ended = true;
      wake();
    },
  };
  const stop = () => wake();
  signal.addEventListener('abort', stop);
  const [height, width] = size;
  const camera = new Camera(settings, {
    ffmpeg,
    size: [height * larger, width * larger],
    aspect,
    sampleBits,
    listener,
  });
  camera.start();
  try {
    for (;;) {
      if (signal.aborted) return;
      if (newest) {
        const frame = newest;
        newest = undefined;
        yield frame;
      } else if (failure) throw failure;
      else if (ended) return;
      else {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
    }
  } finally {
    signal.removeEventListener('abort', stop);
    await camera.stop();
  }
}
