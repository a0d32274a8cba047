import { encodePng } from '../data/image.js';
import type { AlertEvent } from '../inspection/alerts.js';
import { renderOverlay } from '../inspection/heatmap.js';
import type { EvidenceFolder } from './evidence-folder.js';

/**
 * Writes what an alert rests on: its worst frame as the detector saw it, the same with the heatmap, and the event as it was published.
 *
 * @param json of the event
 * @returns the folder; undefined when the disk has no room
 */
export async function keepEvidence(
  folder: EvidenceFolder,
  { id, camera, openedAt, peak }: AlertEvent,
  json: string,
): Promise<string | undefined> {
  const { frame, map, verdict } = peak;
  const overlay = map && (await renderOverlay({ ...frame, map, threshold: verdict.threshold }));
  const files = {
    'frame.png': await encodePng(frame),
    'alert.json': `${json}\n`,
    ...(overlay && { 'overlay.jpg': overlay }),
  };
  return folder.save({ id, camera, openedAt, files });
}
