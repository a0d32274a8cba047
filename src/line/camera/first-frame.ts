import { KdadError } from '../../common/errors.js';
import type { Framing } from '../../method/images/preprocessing.js';
import { Camera } from './camera.js';
import type { Ffmpeg } from './ffmpeg/ffmpeg.js';
import type { Frame } from './frame.js';
import type { CameraSettings } from './settings.js';

/**
 * Waits for one frame of a camera, and leaves nothing behind.
 * @param framing how its pictures become frames
 * @throws KdadError FFMPEG_FAILED with what the camera said when none comes; the signal's reason when aborted
 */
export async function firstFrame(
  settings: CameraSettings,
  { ffmpeg, framing, signal }: { ffmpeg: Ffmpeg; framing: Framing; signal?: AbortSignal },
): Promise<Frame> {
  let camera: Camera | undefined;
  try {
    return await new Promise<Frame>((resolve, reject) => {
      const fail = (reason: string) => reject(new KdadError('FFMPEG_FAILED', `camera ${settings.name}: ${reason}`));
      signal?.addEventListener('abort', () => reject(signal.reason), { once: true });
      const onState = (state: string, reason?: string) => {
        if (state === 'lost') fail(reason ?? 'no frame came');
        if (state === 'ended') fail('it ended without a frame');
      };
      camera = new Camera({ ...settings, settle: 0 }, { ffmpeg, ...framing, listener: { onFrame: resolve, onState } });
      camera.start();
    });
  } finally {
    await camera?.stop();
  }
}
