import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { type Key, listKeys } from '../../../src/line/config/keys.js';

const page = readFileSync(new URL('../../../docs/configuration.md', import.meta.url), 'utf8');

/** The row of a key in the page's table. */
function row({ name, description, default: value, required, restart }: Key): string {
  const plain = value === undefined || typeof value === 'object' ? '' : `\`${value}\``;
  return `| \`${name}\` | ${required ? 'required' : plain} | ${restart} | ${description} |`;
}

describe('docs/configuration.md', () => {
  it('has every key with its default, what a change of it restarts, and its description, and no other', () => {
    const keys = listKeys();
    expect(keys.length).toBeGreaterThan(50);
    for (const key of keys) expect(key.description, key.name).not.toBe('');
    expect(page.split('\n').filter((line) => line.startsWith('| `'))).toEqual(keys.map(row));
  });
});
