import { KdadError } from '../../common/errors.js';
import type { Bundle } from '../../method/bundle/read.js';
import { mapSettingsOf } from '../../method/detector/map-settings.js';
import type { CameraConfig } from '../config/schema.js';
import { maskOf } from '../inspection/ignored.js';
import type { Logger } from '../observability/log.js';

/** From this share on, what is left is worth a warning. */
const MUCH = 0.9;

/**
 * Draws the masks of cameras for the map of the bundle that will judge them, and tells how much each leaves out.
 * @throws KdadError CONFIG_INVALID naming a camera that would be blind, BUNDLE_UNSUPPORTED where the bundle does not
 *   say how large its map is
 */
export function checkMasks(
  cameras: readonly CameraConfig[],
  bundleOf: (camera: CameraConfig) => Bundle,
  log: Logger,
): void {
  for (const settings of cameras) {
    const { name: camera, ignore } = settings;
    if (!ignore || ignore.length === 0) continue;
    const { share } = drawn(camera, ignore, bundleOf(settings));
    const ignored = Number(share.toPrecision(3));
    if (share === 0)
      log.warn({ camera }, 'the areas to ignore are smaller than a pixel of the anomaly map: none is ignored');
    else log[share < MUCH ? 'info' : 'warn']({ camera, ignored }, 'this share of the picture is ignored');
  }
}

function drawn(camera: string, ignore: NonNullable<CameraConfig['ignore']>, bundle: Bundle) {
  try {
    return maskOf(ignore, mapSettingsOf(bundle).size);
  } catch (error) {
    if (!(error instanceof KdadError)) throw error;
    throw new KdadError(error.code, `camera ${camera}: ${error.message}`, { cause: error });
  }
}
