import type { Bundle } from '../../method/bundle/read.js';
import type { Detector } from '../../method/detector/detector.js';
import { openDetector } from '../../method/detector/open-detector.js';
import { inTurns, type Repetition } from './rounds.js';
import { rounded } from './statistics.js';

/** How the detector's time for one image falls with threads. */
export interface Scaling {
  readonly precision: Bundle['precision'];
  /** Milliseconds, by the number of threads: from 1 to as many as are used here. */
  readonly milliseconds: Readonly<Record<number, number>>;
  /** What is wrong with it; null where nothing is. */
  readonly warning: string | null;
}

/** 1, 2, 4 and so on, and `most` itself. */
export function threadCounts(most: number): number[] {
  const counts: number[] = [];
  for (let count = 1; count < most; count *= 2) counts.push(count);
  return [...counts, most];
}

/**
 * Each number of threads takes turns with the others.
 * @param frame one, uint8 RGB
 * @throws KdadError ENGINE_FAILED; the signal's reason
 */
export async function measureScaling(
  bundle: Bundle,
  frame: Uint8Array,
  { most, repetition, signal }: { most: number; repetition: Repetition; signal?: AbortSignal },
): Promise<Scaling> {
  const detectors: Record<number, Detector> = {};
  try {
    for (const threads of threadCounts(most)) detectors[threads] = await openDetector(bundle, { threads });
    const kinds = Object.entries(detectors).map(([threads, detector]) => [threads, () => detector.run(frame, 1)]);
    const times = await inTurns(Object.fromEntries(kinds), repetition, signal);
    const milliseconds = Object.fromEntries(Object.entries(times).map(([threads, time]) => [threads, rounded(time)]));
    return { precision: bundle.precision, milliseconds, warning: badScaling(milliseconds) ?? null };
  } finally {
    for (const detector of Object.values(detectors)) await detector.dispose();
  }
}

/**
 * Of the work, by Karp and Flatt's measure: more is not the detector's own. Of 2 threads less than 1.6 times the speed
 * of one, of 4 less than 2.3 times.
 */
const LARGEST_SERIAL_SHARE = 0.25;
/** So much slower is still as fast: runs differ by as much. */
const AS_FAST = 1.05;

/**
 * What is wrong where many threads bring little, and what to do about it; undefined where they bring what they should.
 */
export function badScaling(milliseconds: Readonly<Record<number, number>>): string | undefined {
  const counts = Object.keys(milliseconds).map(Number);
  const most = Math.max(...counts);
  const speed = milliseconds[1] / milliseconds[most];
  // https://doi.org/10.1145/78607.78614
  const serial = (1 / speed - 1 / most) / (1 - 1 / most);
  if (most === 1 || serial <= LARGEST_SERIAL_SHARE) return undefined;
  const enough = Math.min(...counts.filter((count) => milliseconds[count] <= AS_FAST * milliseconds[most]));
  const finding = `${most} threads are ${speed.toFixed(1)} times as fast as one`;
  if (enough === most) return `${finding}: other programs? hyper-threads?`;
  return `${finding}: inspection.threads: ${enough} is as good`;
}
