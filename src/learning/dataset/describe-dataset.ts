import { dirname } from 'node:path';
import { listed } from '../../common/listing.js';
import type { Dataset } from './dataset.js';

/** Lines of one sort; a line with folders of a year's days would hide the others. */
const MOST_FOLDERS = 12;

/** What was made of a dataset's folders: how many images came from which, and what was left out and why. */
export function describeDataset({ root, description, good, tests, leftOut, unfitMasks }: Dataset): string[] {
  const learned = folders(good.map((path) => ({ path, note: '' })));
  const tested = folders(
    tests.map(({ path, kind, masks }) => ({ path, note: `${kind}${masks ? ', with masks' : ''}` })),
  );
  const rows = [
    ...learned.map((row) => ['good', ...row]),
    ...tested.map((row) => ['test', ...row]),
    ...reasons(leftOut),
  ];
  const count = unfitMasks.length;
  const unfit =
    count > 0 ? [`  ${count === 1 ? '1 mask fits' : `${count} masks fit`} no image: ${listed(unfitMasks)}`] : [];
  return [`${root}: ${description}`, ...aligned(rows), ...unfit];
}

/** Folder, number of images, note. */
function folders(images: readonly { readonly path: string; readonly note: string }[]): string[][] {
  const counts = new Map<string, { folder: string; note: string; count: number }>();
  for (const { path, note } of images) {
    const folder = dirname(path.replaceAll('\\', '/'));
    const key = `${folder}\n${note}`;
    counts.set(key, { folder, note, count: (counts.get(key)?.count ?? 0) + 1 });
  }
  const rows = [...counts.values()].map(({ folder, note, count }) => [folder, String(count), note]);
  if (rows.length <= MOST_FOLDERS) return rows;
  const others = rows.slice(MOST_FOLDERS);
  const remaining = others.reduce((sum, [, count]) => sum + Number(count), 0);
  return [...rows.slice(0, MOST_FOLDERS), [`${others.length} more folders`, String(remaining), '']];
}

function reasons(leftOut: Dataset['leftOut']): string[][] {
  const byReason = new Map<string, string[]>();
  for (const { path, why } of leftOut) byReason.set(why, [...(byReason.get(why) ?? []), path]);
  return [...byReason].map(([why, paths]) => ['left out', listed(paths, 3), String(paths.length), why]);
}

function aligned(rows: readonly (readonly string[])[]): string[] {
  const widths = [0, 1, 2].map((column) => Math.max(0, ...rows.map((row) => row[column].length)));
  return rows.map(([sort, where, count, note]) =>
    `  ${sort.padEnd(widths[0])}  ${where.padEnd(widths[1])}  ${count.padStart(widths[2])}  ${note}`.trimEnd(),
  );
}
