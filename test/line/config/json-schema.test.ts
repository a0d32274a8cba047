import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { type JsonSchema, jsonSchema } from '../../../src/line/config/json-schema.js';

const read = (name: string) => readFile(new URL(`../../../config/${name}`, import.meta.url), 'utf8');

/** Every key of a schema, also those of lists and of the kinds of source. */
function keys({ properties = {}, items, oneOf = [], anyOf = [] }: JsonSchema): [string, JsonSchema][] {
  const inside = [...Object.values(properties), ...[items ?? []].flat(), ...oneOf, ...anyOf] as JsonSchema[];
  return [...Object.entries(properties), ...inside.flatMap(keys)];
}

describe('the JSON Schema', () => {
  it('is the one in config/kdad-edge.schema.json (kdad-edge config schema writes it)', async () => {
    expect(await read('kdad-edge.schema.json')).toBe(`${JSON.stringify(jsonSchema(), null, 2)}\n`);
  });

  it('describes every key and says what a change of it restarts', () => {
    const all = keys(jsonSchema());
    expect(all.length).toBeGreaterThan(50);
    for (const [name, key] of all) {
      expect(key.description, name).toEqual(expect.any(String));
      expect(key['x-restart'], name).toMatch(/^(no|camera|daemon)$/);
    }
  });

  it('takes a reference where it wants a form', () => {
    const { properties } = (jsonSchema().properties?.cameras.items as JsonSchema) ?? {};
    const pattern = new RegExp(properties?.stallTimeout.pattern as string);
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the configuration's own reference.
    for (const fine of ['20s', '${STALL}']) expect(fine).toMatch(pattern);
    expect('20').not.toMatch(pattern);
  });

  it('is beside the example, which names it', async () => {
    expect(await read('kdad-edge.yaml')).toMatch(/^# yaml-language-server: \$schema=kdad-edge\.schema\.json\n/);
  });
});
