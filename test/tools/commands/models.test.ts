import { cp, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { kdadEdge } from '../../fixtures/command-line.js';
import { folderWith } from '../../fixtures/folder.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

let tiny: Awaited<ReturnType<typeof tinyBundle>>;
beforeAll(async () => {
  tiny = await tinyBundle();
});

describe('kdad-edge models', () => {
  it('activates, lists, rolls back', async () => {
    const store = join(await folderWith(), 'blots');
    for (const version of ['1', '2']) await cp(tiny.bundle, join(store, version), { recursive: true });
    expect((await kdadEdge('models', 'activate', store, '1')).stdout).toBe('1 is in use\n');
    expect((await kdadEdge('models', 'activate', store, '2')).stdout).toBe('2 is in use, 1 was\n');
    const { stdout } = await kdadEdge('models', 'list', store);
    expect(stdout.split('\n').map((line) => line.slice(0, 11).trim())).toEqual(['1  before', '2  in use', '']);
    expect((await kdadEdge('models', 'rollback', store)).stdout).toBe('1 is in use\n');
    expect((await kdadEdge('models', 'verify', store)).code).toBe(0);
  });

  it('does not activate what is damaged, and shows it', async () => {
    const store = join(await folderWith(), 'blots');
    for (const version of ['1', '2']) await cp(tiny.bundle, join(store, version), { recursive: true });
    await kdadEdge('models', 'activate', store, '1');
    await truncate(join(store, '2', 'detector.onnx'), 100);
    const { code, stderr } = await kdadEdge('models', 'activate', store, '2');
    expect(code).toBe(3);
    expect(stderr).toContain('[BUNDLE_DAMAGED]');
    const { stdout } = await kdadEdge('models', 'list', store);
    expect(stdout).toMatch(/^1 {2}in use .*\n2 {10}DAMAGED: /);
  });
});
