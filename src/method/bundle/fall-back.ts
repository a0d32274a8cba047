import { join } from 'node:path';
import type { PrecisionChoice } from './precision.js';
import { type Bundle, openBundle } from './read.js';
import { versionsBefore } from './store.js';

/**
 * Opens the version of a store that was in use before, or an earlier one: a line is better watched by that one than by
 * none.
 * @param failure what is the matter with the version in use
 * @throws the failure where none can be opened
 */
export async function openVersionBefore(path: string, wanted: PrecisionChoice, failure: unknown): Promise<Bundle> {
  for (const version of await versionsBefore(path)) {
    const bundle = await openBundle(join(path, version), wanted).catch(() => undefined);
    if (bundle) return bundle;
  }
  throw failure;
}
