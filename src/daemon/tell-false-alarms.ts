import type { Bundle } from '../bundle/read.js';
import type { ConfiguredThreshold } from '../config/threshold.js';
import { falseAlarmsOf } from '../inspection/false-alarms.js';
import type { Logger } from '../observability/log.js';

/** Tells which rates of false alarms are asked for, and where a model has too few held-out images to support them. */
export function tellFalseAlarms(
  cameras: readonly string[],
  bundleOf: (camera: string) => Bundle,
  thresholdOf: (camera: string) => ConfiguredThreshold | undefined,
  log: Logger,
): void {
  for (const camera of cameras) {
    const found = falseAlarmsOf(bundleOf(camera), thresholdOf(camera));
    if (!found) continue;
    const { wanted, threshold, images, lack } = found;
    log[lack ? 'warn' : 'info'](
      { camera, falseAlarms: wanted, threshold, heldOutImages: images },
      lack ?? 'the threshold is for so many false alarms',
    );
  }
}
