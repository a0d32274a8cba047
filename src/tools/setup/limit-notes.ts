import { limitNotes } from '../../learning/calibration/limit-notes.js';
import { limitsFor } from '../../learning/calibration/limits.js';
import { modelOf } from '../../line/config/models.js';
import type { Config } from '../../line/config/schema.js';
import { openBundle } from '../../method/bundle/read.js';
import { precisionFor } from '../../method/detector/precision.js';

/**
 * What comes of limits that a configuration asks for as rates of false alarms, a line each.
 * @throws KdadError BUNDLE_MISSING and so on, DEVICE_UNUSABLE
 */
export async function notesOnLimits(config: Config): Promise<string[]> {
  const asking = config.cameras.filter((camera) => {
    const { threshold, review } = limitsFor(config, camera);
    return (threshold?.falseAlarms ?? review?.falseAlarms) !== undefined;
  });
  if (asking.length === 0) return [];
  const precision = precisionFor(config.inspection.precision, config);
  const paths = [...new Set(asking.map((camera) => modelOf(config, camera)))];
  const bundles = new Map(
    await Promise.all(paths.map(async (path) => [path, await openBundle(path, precision)] as const)),
  );
  return asking.flatMap((camera) => {
    const bundle = bundles.get(modelOf(config, camera));
    const notes = bundle ? limitNotes(bundle, limitsFor(config, camera)) : [];
    return notes.map(({ text }) => `camera ${camera.name}: ${text}`);
  });
}
