import { join } from 'node:path';
import { decodeImage } from '../images/image.js';
import type { Bundle } from './read.js';

/** A picture whose score is known: whoever gets the same has the weights, the preprocessing and the device right. */
export interface SelfTest {
  /** uint8 RGB, 1 x height x width x 3. */
  readonly frame: Uint8Array;
  readonly score: number;
}

/** Part of the score by which a device may differ from the CPU that trained: rounding, not another picture. */
const TOLERANCE = 0.01;

/** @throws KdadError IMAGE_UNREADABLE */
export async function readSelfTest({ directory, manifest, selfTestScore: score }: Bundle): Promise<SelfTest> {
  return {
    frame: await decodeImage(join(directory, manifest.selfTest.file), { size: manifest.preprocessing.size }),
    score,
  };
}

/** What is wrong with the score that a device gave; undefined when nothing is. */
export function failureOf({ score: expected }: SelfTest, actual: number): string | undefined {
  if (Math.abs(actual - expected) <= TOLERANCE * expected) return undefined;
  return `self-test failed: the bundle's picture scores ${actual.toPrecision(5)} here, and ${expected.toPrecision(5)} where it was trained`;
}
