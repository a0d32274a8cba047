import { aspectIn } from '../../method/images/framing.js';
import type { Framing } from '../../method/images/preprocessing.js';
import { shapeOf } from '../../method/images/shape.js';
import type { Ffmpeg } from '../camera/ffmpeg/ffmpeg.js';
import { firstFrame } from '../camera/first-frame.js';
import type { CameraSettings } from '../camera/settings.js';

/** Pixels of the square in which the shape is looked for: its error is one of them. */
const SQUARE = 512;

/**
 * The frames of a camera that no model knows yet: in its pictures' own shape, as training will see them. Only ffmpeg
 * knows how large its pictures are, so one is looked at in a square.
 *
 * @throws KdadError FFMPEG_FAILED when no frame comes; the signal's reason when aborted
 */
export async function ownFraming(
  camera: CameraSettings,
  { ffmpeg, signal }: { readonly ffmpeg: Ffmpeg; readonly signal?: AbortSignal },
): Promise<Framing> {
  const frame = await firstFrame(camera, { ffmpeg, framing: { size: [SQUARE, SQUARE], aspect: 1 }, signal });
  const { size, aspect } = shapeOf([{ width: aspectIn(frame), height: 1 }]);
  // Nothing says what is white in pictures of a folder that use fewer bits than they have.
  return { size, aspect, sampleBits: null };
}
