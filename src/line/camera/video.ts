import { now } from '../../common/clock.js';
import { KdadError } from '../../common/errors.js';
import type { DamageReason, Length } from './damage.js';
import { DamageReport } from './damage-report.js';
import { decode } from './ffmpeg/decode.js';
import type { Ffmpeg } from './ffmpeg/ffmpeg.js';
import type { Frame } from './frame.js';

export interface VideoOptions {
  readonly ffmpeg: Ffmpeg;
  /** Height and width of the frames in pixels: the model's input. */
  readonly size: readonly [number, number];
  /** See `Framing`. */
  readonly aspect?: number;
  /** At most so many frames of each second of the video; all of them when absent. */
  readonly fps?: number;
  readonly signal?: AbortSignal;
}

/**
 * The frames of a video file, as fast as they are taken; the camera's name in them is the path. Frames that may be
 * damaged are left out, and counted.
 *
 * @throws KdadError FFMPEG_FAILED naming a file that is no readable video; VIDEO_DAMAGED, behind the last good frame,
 *   for one that is damaged or ends before its time; the signal's reason when aborted
 */
export async function* readVideo(path: string, { size, ...options }: VideoOptions): AsyncGenerator<Frame, void> {
  const [height, width] = size;
  const report = new DamageReport();
  let wrong: string | undefined;
  let sequence = 0;
  const damage = {
    onDamage: (_: DamageReason, detail: string) => report.add(detail),
    onDamagedFrame: () => {
      report.leaveOut(sequence++);
    },
    onEnd: (length: Length) => {
      wrong = report.text(length);
    },
  };
  try {
    for await (const pixels of decode({ kind: 'file', path, realtime: false }, { size, ...options, damage })) {
      yield { camera: path, sequence: sequence++, ...now(), width, height, pixels };
    }
  } catch (cause) {
    if (!(cause instanceof KdadError)) throw cause;
    const what = sequence === 0 ? 'not a video that can be read' : `cannot be read after frame ${sequence}`;
    throw new KdadError('FFMPEG_FAILED', `${path}: ${what}. ${cause.message}`, { cause });
  }
  if (wrong !== undefined) throw new KdadError('VIDEO_DAMAGED', `${path}: ${wrong}`);
  if (sequence === 0) throw new KdadError('FFMPEG_FAILED', `${path}: this video has no frames`);
}
