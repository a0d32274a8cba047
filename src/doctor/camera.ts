import type { Ffmpeg } from '../camera/ffmpeg.js';
import { firstFrame } from '../camera/first-frame.js';
import type { CameraConfig } from '../config/schema.js';
import type { Framing } from '../data/preprocessing.js';
import { KdadError } from '../errors.js';
import { type Finding, failed, ok } from './finding.js';

/** @param options `framing` is how the camera's pictures become frames */
export async function checkCamera(
  camera: CameraConfig,
  options: { ffmpeg: Ffmpeg; framing: Framing; signal: AbortSignal },
): Promise<Finding> {
  const what = `camera ${camera.name}`;
  const begin = performance.now();
  try {
    await firstFrame(camera, options);
  } catch (error) {
    if (!(error instanceof KdadError)) throw error;
    const advice = 'See that it is on and can be reached; try its address, device or file with ffprobe.';
    return { ...failed(what, error), advice };
  }
  return ok(what, `a frame after ${((performance.now() - begin) / 1000).toFixed(1)} s`);
}
