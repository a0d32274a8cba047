import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../src/', import.meta.url));
const read = (path: string): string => readFileSync(join(root, path), 'utf8');

/** The folders that a README lists, in its order. */
const listed = (folder: string): string[] =>
  [...read(join(folder, 'README.md')).matchAll(/^\d+\. `(\w+)\/`/gm)].map(([, name]) => join(folder, name));

const wings = listed('.');
/** From the first that imports nothing of ours to the last; a wing's own files come before its folders. */
const order = [...wings.flatMap((wing) => [wing, ...listed(wing)]), '.'];

const files = readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.ts'));
const importsOf = (file: string): string[] =>
  [...read(file).matchAll(/(?:from |import\(|^import )'(\.[^']+)\.js'/gm)].map(([, path]) =>
    normalize(join(dirname(file), `${path}.ts`)),
  );
const folderOf = (file: string): string => dirname(file).split('/').slice(0, 2).join('/');

describe('the source', () => {
  it('has every folder in the README of its wing', () => {
    const isInWing = (folder: string) => folder.includes('/');
    const folders = new Set(files.map(folderOf).filter(isInWing));
    expect([...folders].sort()).toEqual(order.filter(isInWing).sort());
  });

  it.each(order)('%s imports only from folders above it in these lists', (folder) => {
    const below = new Set(order.slice(order.indexOf(folder) + 1));
    const wrong = files
      .filter((file) => folderOf(file) === folder)
      .flatMap((file) => importsOf(file).map((imported) => [file, imported]))
      .filter(([, imported]) => below.has(folderOf(imported)));
    expect(wrong).toEqual([]);
  });

  it('has no circle of imports', () => {
    const open = new Set<string>();
    const done = new Set<string>();
    const circles: string[] = [];
    const visit = (file: string, way: readonly string[]): void => {
      if (open.has(file)) circles.push([...way.slice(way.indexOf(file)), file].join(' -> '));
      if (open.has(file) || done.has(file)) return;
      open.add(file);
      for (const imported of importsOf(file)) visit(imported, [...way, file]);
      open.delete(file);
      done.add(file);
    };
    for (const file of files) visit(file, []);
    expect(circles).toEqual([]);
  });
});
