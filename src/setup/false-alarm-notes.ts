import { openBundle } from '../bundle/read.js';
import { modelOf } from '../config/models.js';
import type { Config } from '../config/schema.js';
import { configuredFor } from '../config/threshold.js';
import { precisionFor } from '../detector/precision.js';
import { falseAlarmsOf } from '../inspection/false-alarms.js';

/**
 * A line for each camera that asks for a rate of false alarms: the threshold that it gets, and what the held-out images of its model can support.
 * @throws KdadError BUNDLE_MISSING and so on, DEVICE_UNUSABLE
 */
export async function falseAlarmNotes(config: Config): Promise<string[]> {
  const asking = config.cameras.filter((camera) => configuredFor(config, camera)?.falseAlarms !== undefined);
  if (asking.length === 0) return [];
  const precision = precisionFor(config.inspection.precision, config);
  const paths = [...new Set(asking.map((camera) => modelOf(config, camera)))];
  const bundles = new Map(
    await Promise.all(paths.map(async (path) => [path, await openBundle(path, precision)] as const)),
  );
  return asking.flatMap((camera) => {
    const bundle = bundles.get(modelOf(config, camera));
    const found = bundle && falseAlarmsOf(bundle, configuredFor(config, camera));
    if (!found) return [];
    const { wanted, threshold, images, lack } = found;
    const about = `camera ${camera.name}: threshold ${threshold.toPrecision(4)} for ${100 * wanted} % of false alarms`;
    return [`${about}; ${lack ?? `${images} held-out images can support that`}`];
  });
}
