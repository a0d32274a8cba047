import { KdadError } from '../../common/errors.js';
import type { Ffmpeg } from '../../line/camera/ffmpeg/ffmpeg.js';
import { firstFrame } from '../../line/camera/first-frame.js';
import type { Frame } from '../../line/camera/frame.js';
import { shapeNote } from '../../line/camera/shape-note.js';
import type { CameraConfig } from '../../line/config/schema.js';
import type { Framing } from '../../method/images/preprocessing.js';
import { type Finding, failed, ok, warning } from './finding.js';

/** @param options `framing` is how the camera's pictures become frames */
export async function checkCamera(
  camera: CameraConfig,
  options: { ffmpeg: Ffmpeg; framing: Framing; signal: AbortSignal },
): Promise<Finding> {
  const what = `camera ${camera.name}`;
  const begin = performance.now();
  let frame: Frame;
  try {
    frame = await firstFrame(camera, options);
  } catch (error) {
    if (!(error instanceof KdadError)) throw error;
    const advice = 'See that it is on and can be reached; try its address, device or file with ffprobe.';
    return { ...failed(what, error), advice };
  }
  const note = shapeNote(frame, options.framing);
  if (note !== undefined) {
    return warning(
      what,
      note,
      'Have the camera send the shape that the model learned, crop to it, or train on frames of it.',
    );
  }
  return ok(what, `a frame after ${((performance.now() - begin) / 1000).toFixed(1)} s`);
}
