import { limitNotes } from '../../learning/calibration/limit-notes.js';
import type { Limits } from '../../learning/calibration/limits.js';
import type { Bundle } from '../../method/bundle/read.js';
import type { Logger } from '../observability/log.js';

/** Tells what comes of limits that cameras ask for as rates of false alarms. */
export function tellLimits(
  cameras: readonly string[],
  bundleOf: (camera: string) => Bundle,
  limitsOf: (camera: string) => Limits,
  log: Logger,
): void {
  for (const camera of cameras)
    for (const { text, warning } of limitNotes(bundleOf(camera), limitsOf(camera)))
      log[warning ? 'warn' : 'info']({ camera }, text);
}
