import { type Arrangement, refuseMissingMasks } from './arrange.js';
import { masksBeside, matchMasks } from './masks.js';
import { type PlacedImage, place } from './placed-image.js';

/** What the command line says of folders. */
export interface ExplicitFolders {
  readonly good?: readonly string[];
  readonly defective?: readonly string[];
  readonly masks?: readonly string[];
}

/**
 * Sorts images by the folders that were named. One folder may lie in another: the deepest counts, so that `--good .
 * --defective rejects` leaves the rejects out.
 *
 * @param folders relative to the dataset's folder; the empty name is that folder itself
 * @throws UnclearLayout when some defective images have masks and others none
 */
export async function sortByFolders(
  paths: readonly string[],
  folders: Required<ExplicitFolders>,
): Promise<Omit<Arrangement, 'layout'> & { readonly layout: 'explicit' }> {
  const named = (['masks', 'defective', 'good'] as const)
    .flatMap((role) => folders[role].map((folder) => ({ role, folder })))
    .sort((a, b) => b.folder.length - a.folder.length);
  const placeIn = (path: string) => named.find(({ folder }) => folder === '' || path.startsWith(`${folder}/`));
  const beside = new Set([...masksBeside(paths.map(place))].map(({ path }) => path));
  const found = paths.map((path) => ({ path, ...placeIn(path) }));
  const of = (role: keyof ExplicitFolders) =>
    found.filter((image) => image.role === role && (role === 'masks' || !beside.has(image.path))).map(inFolder);
  const [good, defective] = [of('good'), of('defective')];
  const masks = [...of('masks'), ...found.filter(({ path, role }) => role && beside.has(path)).map(inFolder)];
  const matched = matchMasks([...good, ...defective], masks);
  refuseMissingMasks(defective, matched);
  const tests = [...good, ...defective].map(({ path, kind }) => {
    const of = kind === 'good' ? undefined : matched.of.get(path);
    return { path, kind: kind as string, ...(of && { masks: of }) };
  });
  return {
    layout: 'explicit',
    description: 'folders as named on the command line',
    good: good.map(({ path }) => path),
    tests: folders.defective.length > 0 ? tests : [],
    leftOut: found.filter(({ role }) => !role).map(({ path }) => ({ path, why: 'in none of the folders named' })),
    unfitMasks: matched.unfit.map(({ path }) => path),
  };
}

/** An image, placed by the folder that was named and not by what its own folders seem to mean. */
function inFolder({
  path,
  role,
  folder = '',
}: {
  readonly path: string;
  readonly role?: keyof ExplicitFolders;
  readonly folder?: string;
}): PlacedImage {
  const inner = path.slice(folder === '' ? 0 : folder.length + 1);
  const within = inner.split('/').slice(0, -1);
  const name = folder.split('/').at(-1) || 'defective';
  return {
    ...place(path),
    split: undefined,
    label: role === 'good' ? 'good' : role === 'defective' ? 'defective' : undefined,
    mask: role === 'masks',
    within: within.map((part) => part.toLowerCase()),
    kind: role === 'good' ? 'good' : (within[0] ?? name),
  };
}
