import { mkdir, readlink, rm, symlink } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { openBundle } from '../../../src/method/bundle/read.js';
import { activate, locate, readStore, rollback } from '../../../src/method/bundle/store.js';
import { writeBundle } from '../../../src/method/bundle/write.js';
import { folderWith } from '../../fixtures/folder.js';
import { calibration, manifest } from '../../fixtures/manifest.js';

async function storeWith(...versions: string[]): Promise<string> {
  const store = join(await folderWith(), 'bottle');
  for (const version of versions) {
    const files = { 'detector.onnx': version, 'calibration.json': calibration, 'self-test.png': 'picture' };
    await writeBundle(join(store, version), { files, manifest });
  }
  return store;
}

describe('a store', () => {
  it('lists its versions, 9 before 10, and none of what else lies there', async () => {
    const store = await storeWith('10', '9', 'v1');
    await mkdir(join(store, 'notes'));
    await activate(store, '9');
    expect(await readStore(store)).toEqual({ versions: ['9', '10', 'v1'], current: '9', previous: undefined });
  });

  it('stands for the version in use', async () => {
    const store = await storeWith('1', '2');
    await activate(store, '2');
    const bundle = await openBundle(store);
    expect(bundle).toMatchObject({ directory: join(store, '2'), name: 'bottle', version: '2' });
    expect(await openBundle(join(store, '1'))).toMatchObject({ name: 'bottle', version: '1' });
  });

  it('goes back to what was in use before, and forth again', async () => {
    const store = await storeWith('1', '2', '3');
    for (const version of ['1', '2', '3']) await activate(store, version);
    expect(await rollback(store)).toBe('2');
    expect(await rollback(store)).toBe('3');
  });

  it('says what is there when a version is not, and stays as it was', async () => {
    const store = await storeWith('1', '2');
    await activate(store, '1');
    await expect(activate(store, '4')).rejects.toMatchObject({
      code: 'BUNDLE_MISSING',
      message: `${store}: no version 4; there are 1, 2`,
    });
    await expect(rollback(store)).rejects.toMatchObject({ code: 'BUNDLE_MISSING' });
    expect(await readlink(join(store, 'current'))).toBe('1');
    await expect(openBundle(await folderWith())).rejects.toMatchObject({ code: 'BUNDLE_MISSING' });
  });

  it('stays as it was when a link cannot be made', async () => {
    const store = await storeWith('1', '2', '3');
    await activate(store, '1');
    await activate(store, '2');
    await mkdir(join(store, `.current-${process.pid}`));
    await expect(activate(store, '3')).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    expect(await readStore(store)).toMatchObject({ current: '2', previous: '1' });

    await rm(join(store, `.current-${process.pid}`), { recursive: true });
    await rm(join(store, 'previous'));
    await mkdir(join(store, 'previous'));
    await expect(activate(store, '3')).rejects.toMatchObject({
      code: 'OUTPUT_EXISTS',
      message: `${join(store, 'previous')}: expected a link to a version, or nothing`,
    });
    expect(await readStore(store)).toMatchObject({ current: '2', previous: undefined });
  });

  it('never follows a link out of itself', async () => {
    const store = await storeWith('1');
    const segment = fc.constantFrom('..', '.', '', 'etc', '1', 'passwd', '~', '\\', '..\\..', 'ä', ' ');
    const anything = fc.string({ minLength: 1, maxLength: 60 }).filter((text) => !text.includes('\0'));
    const targets = fc.oneof(
      anything,
      fc.array(segment, { minLength: 1, maxLength: 5 }).map((parts) => parts.join('/')),
    );
    await fc.assert(
      fc.asyncProperty(
        targets.filter((text) => text !== ''),
        async (text) => {
          await rm(join(store, 'current'), { force: true });
          await symlink(text, join(store, 'current'));
          const { directory } = await locate(store);
          expect(directory === store || dirname(directory) === store, directory).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });

  it('always names the last two versions that were put to use', async () => {
    const store = await storeWith('1', '2', '3');
    let [current, previous]: (string | undefined)[] = [];
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('1', '2', '3', 'back'), async (step) => {
        if (step === 'back') {
          await rollback(store).catch(() => {});
          if (previous !== undefined) [current, previous] = [previous, current];
        } else {
          await activate(store, step);
          if (step !== current) [current, previous] = [step, current];
        }
        expect(await readStore(store)).toMatchObject({ current, previous });
      }),
      { numRuns: 40 },
    );
  });
});
