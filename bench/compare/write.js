// Writes what compare.sh has measured into a page: node bench/compare/write.js FOLDER PAGE
import { existsSync } from 'node:fs';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { tablesOf, withTable } from './page.js';

const [folder, path] = process.argv.slice(2);
const read = (name) => readFile(join(folder, name), 'utf8');
const readJson = async (name) => JSON.parse(await read(name));

const numbers = (await readdir(folder)).flatMap((name) => /^kdad-edge-(\d+)\.json$/.exec(name)?.[1] ?? []);
const pairs = await Promise.all(
  numbers.map(async (number) => ({
    own: await readJson(`kdad-edge-${number}.json`),
    reference: await readJson(`reference-${number}.json`),
  })),
);
const readLines = async (name) =>
  (await read(name))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
/** One line a seed of each; nothing where nothing was trained. */
const auroc = existsSync(join(folder, 'auroc-kdad-edge.jsonl'))
  ? { own: await readLines('auroc-kdad-edge.jsonl'), reference: await readLines('auroc-reference.jsonl') }
  : undefined;
const tables = tablesOf({
  pairs,
  auroc,
  scaling: await readJson('scaling.json'),
  latency: [await read('latency-one.txt'), await read('latency-four.txt')],
  text: await read('bench.txt'),
  date: new Date().toISOString().slice(0, 10),
});
let page = await readFile(path, 'utf8');
for (const [name, content] of Object.entries(tables)) page = withTable(page, name, content);
await writeFile(path, page);
console.log(tables.ratios);
