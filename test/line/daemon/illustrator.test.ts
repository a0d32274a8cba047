import { mkdtemp, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, it } from 'vitest';
import { Announcer } from '../../../src/line/daemon/announcer.js';
import { EvidenceFolder } from '../../../src/line/evidence/evidence-folder.js';
import { keepEvidence } from '../../../src/line/evidence/keeper.js';
import type { AlertEvent } from '../../../src/line/inspection/alerts.js';
import { createLog } from '../../../src/line/observability/log.js';
import { Metrics } from '../../../src/line/observability/metrics.js';
import { judged } from '../../fixtures/frames.js';

const SIZE = 256;
/** One that takes long to encode, and one that does not. */
const noise = Uint8Array.from({ length: SIZE * SIZE * 3 }, (_, i) => (i * 7919) % 251);
const plain = new Uint8Array(SIZE * SIZE * 3).fill(120);

function event(kind: AlertEvent['kind'], ratio: number, pixels: Uint8Array): AlertEvent {
  const { frame, verdict } = judged(1, ratio);
  const map = { values: new Float32Array(64 * 64).fill(ratio), size: [64, 64] as const };
  const peak = { verdict, frame: { ...frame, pixels, width: SIZE, height: SIZE }, map };
  return { kind, id: 'a', camera: 'line', time: 1000, openedAt: 1000, duration: 0, peak };
}

async function evidenceFolder() {
  const root = await mkdtemp(join(inject('shared'), 'illustrated-'));
  const evidence = new EvidenceFolder(root, { maxAge: 1e18, maxSize: 1e9, minFree: 0 });
  await evidence.start();
  return evidence;
}

function announcing(evidence: EvidenceFolder) {
  const heatmaps: string[] = [];
  const metrics = new Metrics();
  const publisher = {
    alert: async () => {},
    heatmap: async ({ kind }: AlertEvent) => void heatmaps.push(kind),
  };
  const model = () => ({ name: 'm', version: '1' });
  const announcer = new Announcer({ metrics, log: createLog('silent'), model, publisher, evidence });
  return { announcer, heatmaps, metrics };
}

const alertOf = async (folder: string) => JSON.parse(await readFile(join(folder, 'alert.json'), 'utf8'));

describe('an alert that becomes worse within milliseconds', () => {
  it('is illustrated in the order of its events, whatever takes longer to draw', async () => {
    const evidence = await evidenceFolder();
    const { announcer, heatmaps } = announcing(evidence);
    announcer.announce(event('opened', 1.2, noise));
    announcer.announce(event('updated', 3, plain));
    announcer.announce(event('closed', 3, plain));
    await announcer.settled();
    expect(heatmaps).toEqual(['opened', 'updated']);
    const folder = await keepEvidence(evidence, event('closed', 3, plain), '{"event":"last"}');
    expect(await alertOf(folder as string)).toEqual({ event: 'last' });
  });

  it('leaves the evidence of its last event', async () => {
    const evidence = await evidenceFolder();
    for (let i = 0; i < 5; i++) {
      const [folder] = await Promise.all([
        keepEvidence(evidence, event('opened', 1.2, noise), '{"event":"opened"}'),
        keepEvidence(evidence, event('updated', 3, plain), '{"event":"updated"}'),
      ]);
      expect(await alertOf(folder as string)).toEqual({ event: 'updated' });
    }
  });
});

describe('a picture that cannot be drawn', () => {
  it('costs that picture, and nothing else', async () => {
    const { announcer, heatmaps, metrics } = announcing(await evidenceFolder());
    announcer.announce(event('opened', 1.2, noise.subarray(0, 100)));
    announcer.announce(event('updated', 3, plain));
    await announcer.settled();
    expect(heatmaps).toEqual(['updated']);
    expect((await metrics.evidenceSkipped.get()).values).toContainEqual({ labels: { reason: 'failed' }, value: 1 });
  });
});
