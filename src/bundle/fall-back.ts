import { join } from 'node:path';
import type { PrecisionChoice } from './precision.js';
import { type Bundle, openBundle } from './read.js';
import { versionBefore } from './store.js';

/**
 * Opens the version of a store that was in use before: a line is better watched by that one than by none.
 * @param failure what is the matter with the version in use
 * @throws the failure where there is none, or it cannot be opened either
 */
export async function openVersionBefore(path: string, wanted: PrecisionChoice, failure: unknown): Promise<Bundle> {
  const before = await versionBefore(path);
  if (before === undefined) throw failure;
  return openBundle(join(path, before), wanted).catch(() => {
    throw failure;
  });
}
