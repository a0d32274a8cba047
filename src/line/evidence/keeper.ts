import { encodePng } from '../../method/images/image.js';
import type { AlertEvent } from '../inspection/alerts.js';
import { renderOverlay } from '../inspection/heatmap.js';
import type { JudgedFrame } from '../inspection/verdict.js';
import type { EvidenceFolder } from './evidence-folder.js';

/**
 * Writes what an alert rests on: its worst frame as the detector saw it, the same with the heatmap, and the event as it
 * was published. Of several calls for one alert, the last one's stays.
 *
 * @param json of the event
 * @param overlay where it has been drawn already
 * @returns the folder; undefined when the disk has no room
 */
export function keepEvidence(
  folder: EvidenceFolder,
  { id, camera, openedAt, peak }: AlertEvent,
  json: string,
  overlay: Buffer | undefined = undefined,
): Promise<string | undefined> {
  return folder.save({ id, camera, openedAt, files: filesOf(peak, json, overlay) });
}

async function filesOf({ frame, map, verdict }: JudgedFrame, json: string, drawn: Buffer | undefined) {
  const overlay = drawn ?? (map && (await renderOverlay({ ...frame, map, threshold: verdict.threshold })));
  return {
    'frame.png': await encodePng(frame),
    'alert.json': `${json}\n`,
    ...(overlay && { 'overlay.jpg': overlay }),
  };
}
