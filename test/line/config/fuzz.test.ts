import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, inject, it } from 'vitest';
import { KdadError } from '../../../src/common/errors.js';
import { loadConfig } from '../../../src/line/config/load.js';

const example = readFileSync(new URL('../../../config/kdad-edge.yaml', import.meta.url), 'utf8');

/**
 * Reads any text as a configuration.
 * @returns undefined when it is one, else the lines of the error, each of which has a place
 */
async function problems(text: string): Promise<string[] | undefined> {
  const file = join(inject('shared'), 'fuzz.yaml');
  await writeFile(file, text);
  const error = await loadConfig(file, {}).then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  if (error === undefined) return undefined;
  expect(error).toBeInstanceOf(KdadError);
  expect((error as KdadError).code).toBe('CONFIG_INVALID');
  const lines = (error as KdadError).message.split(`${file}:`).slice(1);
  for (const line of lines) expect(line).toMatch(/^\d+:\d+: ./);
  expect(lines.length).toBeGreaterThan(0);
  return lines;
}

/** What YAML is made of, and some of our keys: thrown together they come near to what is read. */
const token = fc.oneof(
  fc.constantFrom(
    ...'-?:,[]{}#&*!|>\'"%@` \n\t',
    '\n  ',
    '\n- ',
    ': ',
    '---\n',
    '<<: ',
    '&a ',
    '*a',
    '!!set ',
    '${',
    '~',
  ),
  fc.constantFrom('model', 'cameras', 'name', 'source', 'kind', 'file', 'path', 'alert', 'mqtt', 'http', '__proto__'),
  fc.constantFrom('1', '-1', '1e999', '.nan', '20s', 'true', '2001-01-01', '0x10', 'rtsp://a'),
  fc.string({ unit: 'binary', maxLength: 4 }),
);

const change = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  cut: fc.nat({ max: 12 }),
  put: fc.array(token, { maxLength: 3 }).map((tokens) => tokens.join('')),
});

/** The example with some of its characters replaced. */
const mutated = fc.array(change, { minLength: 1, maxLength: 4 }).map((changes) =>
  changes.reduce((text, { at, cut, put }) => {
    const start = Math.floor(at * text.length);
    return text.slice(0, start) + put + text.slice(start + cut);
  }, example),
);

/** Has to hold for any text. */
const isReadOrRefused = async (text: string) => void (await problems(text));

describe('whatever the file holds, it is a configuration, or refused with places:', () => {
  it('any text of YAML', async () => {
    const text = fc.array(token, { maxLength: 40 }).map((tokens) => tokens.join(''));
    await fc.assert(fc.asyncProperty(text, isReadOrRefused), { numRuns: 500 });
  });

  it('a configuration with slips', async () => {
    await fc.assert(fc.asyncProperty(mutated, isReadOrRefused), { numRuns: 500 });
  });

  it('some slips leave it valid', async () => expect(await problems(`${example}# more\n`)).toBeUndefined());
});

describe('what would take all memory or time is refused:', () => {
  it('aliases that unfold without bound', async () => {
    const bomb = ['a: &a [x, x, x, x, x, x, x, x, x, x]'];
    for (const [to, from] of ['ba', 'cb', 'dc', 'ed', 'fe', 'gf', 'hg']) {
      bomb.push(`${to}: &${to} [${`*${from}, `.repeat(10)}]`);
    }
    const begin = performance.now();
    expect(await problems(bomb.join('\n'))).toEqual([expect.stringMatching(/^1:1: not YAML: Excessive alias count/)]);
    expect(performance.now() - begin).toBeLessThan(60_000);
  });

  it.each([
    ['an anchor within itself', 'model: &a [*a]', /^1:12: \*a is within itself/],
    ['two of them', 'model: &a { x: &b { y: *a } }\ncameras: *b', /^1:24: \*a is within itself/],
    ['an alias of nothing', 'model: a\ncameras: *none', /^2:10: \*none is within itself, or nowhere before/],
    ['lists in lists in lists', '['.repeat(50_000), /^1:\d+: not YAML/],
    ['lists that end', `${'['.repeat(400)}${']'.repeat(400)}`, /^1:\d+: nested deeper/],
    [
      'a mapping too deep',
      Array.from({ length: 900 }, (_, i) => `${' '.repeat(i)}a:`).join('\n'),
      /^\d+:\d+: nested deeper/,
    ],
    ['a text too long', '#'.repeat(1_000_001), /^1:1: 1000001 characters; expected at most 1000000/],
  ])('%s', async (_, text, expected) => expect((await problems(text))?.[0]).toMatch(expected));

  it.each([
    ['keys', (i: number) => `k${i}: 1`],
    ['aliases', () => '- *a'],
    ['anchors', (i: number) => `k${i}: &a 1`],
  ])('%s as many as a file can hold', async (_, line) => {
    const lines = Array.from({ length: 60_000 }, (_, i) => line(i));
    expect((await problems(lines.join('\n')))?.length).toBeGreaterThan(0);
  });

  it('mistakes without number: the first hundred are told', async () => {
    const lines = await problems(Array.from({ length: 20_000 }, (_, i) => `key${i}: 1`).join('\n'));
    expect(lines).toHaveLength(101);
    expect(lines?.at(-1)).toMatch(/^\d+:1: and 19902 more$/);
  });
});
