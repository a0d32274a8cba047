import type { Bundle } from '../../method/bundle/read.js';
import type { Detector } from '../../method/detector/detector.js';
import { openDetector } from '../../method/detector/open-detector.js';
import { inTurns, type Repetition } from './rounds.js';
import { rounded } from './statistics.js';

/** The same model in each precision that its bundle carries. */
export type Bundles = Partial<Record<'fp32' | 'int8', Bundle>>;

/** Milliseconds by precision and batch size. */
export type ByBatch = Record<string, Record<number, number>>;

/** How it is measured. */
export interface Measuring {
  /** Of the processor, that the detectors compute in. */
  readonly threads: number;
  readonly repetition: Repetition;
  readonly signal?: AbortSignal;
}

/** Milliseconds to open the detector, by precision. */
export async function measureLoad(
  bundles: Bundles,
  { threads, repetition, signal }: Measuring,
): Promise<Record<string, number>> {
  const kinds = Object.entries(bundles).map(([precision, bundle]) => {
    const open = async () => {
      const detector = await openDetector(bundle, { threads });
      await detector.dispose();
    };
    return [precision, open] as const;
  });
  return inTurns(Object.fromEntries(kinds), repetition, signal);
}

/** Milliseconds an image of the whole detector, from uint8 frames to maps and scores. @param frame one, uint8 RGB */
export async function measureInference(
  bundles: Bundles,
  frame: Uint8Array,
  batches: readonly number[],
  options: Measuring & { readonly onProgress?: (what: string) => void },
): Promise<ByBatch> {
  const detectors: [string, Detector][] = [];
  const measured: ByBatch = {};
  try {
    for (const [precision, bundle] of Object.entries(bundles)) {
      detectors.push([precision, await openDetector(bundle, options)]);
      measured[precision] = {};
    }
    for (const batch of batches) {
      options.onProgress?.(`batch ${batch}`);
      const frames = repeated(frame, batch);
      const kinds = detectors.map(([precision, detector]) => [precision, () => detector.run(frames, batch)]);
      const times = await inTurns(Object.fromEntries(kinds), options.repetition, options.signal);
      for (const [precision, time] of Object.entries(times)) measured[precision][batch] = rounded(time / batch);
    }
  } finally {
    for (const [, detector] of detectors) await detector.dispose();
  }
  return measured;
}

function repeated(frame: Uint8Array, count: number): Uint8Array {
  const frames = new Uint8Array(count * frame.length);
  for (let i = 0; i < count; i++) frames.set(frame, i * frame.length);
  return frames;
}
