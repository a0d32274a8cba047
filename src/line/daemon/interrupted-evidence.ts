import type { EvidenceFolder } from '../evidence/evidence-folder.js';
import { interruptedPayload } from '../publish/topics.js';

/** Tells of the end in the evidence of alerts that were open when an earlier run was killed: nobody else would. */
export function closeInterruptedEvidence(evidence: Pick<EvidenceFolder, 'amend'>, now = Date.now()): Promise<void> {
  return evidence.amend('alert.json', (text) => endOf(text, now));
}

/** @returns undefined for what tells of the end already, or of no alert */
function endOf(text: string, now: number): string | undefined {
  try {
    const { event } = JSON.parse(text);
    return event === 'opened' || event === 'updated' ? `${interruptedPayload(text, now)}\n` : undefined;
  } catch {
    return undefined;
  }
}
