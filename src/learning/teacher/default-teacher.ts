import type { Environment } from '../../common/data-folder.js';
import { pullable } from './pull.js';
import { embedded, listTeachers } from './store.js';

export interface DefaultTeacher {
  readonly path: string;
  /** Says in a line which it is, and how to get a better one where there is one. */
  readonly about: string;
}

/**
 * What to learn from where nobody says: ImageNet's own network where it was pulled, as it tells more defects
 * (docs/results.md); else the one that comes along.
 * @throws KdadError where the store cannot be read
 */
export async function defaultTeacher(environment: Environment = process.env): Promise<DefaultTeacher> {
  const stored = await listTeachers(environment);
  for (const name of pullable) {
    const found = stored.find((teacher) => teacher.name === name);
    if (found) return { path: found.path, about: `Teacher ${name}, which was pulled; --teacher takes another` };
  }
  const better = `kdad-edge teacher pull ${pullable[0]} fetches one that tells more defects`;
  return { path: embedded.path, about: `Teacher ${embedded.name}, which comes along; ${better}` };
}
