import { cp, mkdir, symlink, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { openVersionBefore } from '../../../src/method/bundle/fall-back.js';
import { folderWith } from '../../fixtures/folder.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

let bundle: string;
beforeAll(async () => {
  ({ bundle } = await tinyBundle());
}, 240_000);

async function storeOf(versions: readonly string[], links: Readonly<Record<string, string>>) {
  const store = join(await folderWith(), 'blots');
  await mkdir(store);
  for (const version of versions) await cp(bundle, join(store, version), { recursive: true });
  for (const [link, version] of Object.entries(links)) await symlink(version, join(store, link));
  return store;
}

describe('the version that stands in for one that cannot be used', () => {
  const failure = new Error('damaged');
  const standIn = async (store: string) => (await openVersionBefore(store, 'auto', failure)).version;

  it('is the one that was in use before', async () => {
    expect(await standIn(await storeOf(['1', '2', '3'], { current: '3', previous: '1' }))).toBe('1');
  });

  it('is the latest of the earlier ones, where none is known to have been in use, never a later one', async () => {
    expect(await standIn(await storeOf(['1', '9', '10', '11'], { current: '10' }))).toBe('9');
    await expect(standIn(await storeOf(['1', '2'], { current: '1' }))).rejects.toBe(failure);
  });

  it('is the next one, where that cannot be used either', async () => {
    const store = await storeOf(['1', '2', '3'], { current: '3', previous: '2' });
    await truncate(join(store, '2/manifest.json'));
    expect(await standIn(store)).toBe('1');
    await truncate(join(store, '1/manifest.json'));
    await expect(standIn(store)).rejects.toBe(failure);
  });
});
