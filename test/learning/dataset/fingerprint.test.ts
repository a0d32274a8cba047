import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { fingerprint } from '../../../src/learning/dataset/fingerprint.js';
import { folderWith } from '../../fixtures/folder.js';

describe('fingerprint', () => {
  it('is what sha256sum makes of the files, in whatever order they are named', async () => {
    const root = await folderWith({ 'b.png': 'two', 'a/1.png': 'one', 'B.png': 'three' });
    const command = 'LC_ALL=C; find * -type f | sort | xargs sha256sum | sha256sum';
    const { stdout } = await promisify(execFile)('sh', ['-c', command], { cwd: root });
    const own = await fingerprint(root, ['b.png', 'B.png', 'a/1.png']);
    expect(`${own}  -\n`).toBe(stdout);
  });

  it('changes with a byte and with a name, and names a file that is missing', async () => {
    const paths = ['a.png'];
    const before = await fingerprint(await folderWith({ 'a.png': '1' }), paths);
    expect(await fingerprint(await folderWith({ 'a.png': '2' }), paths)).not.toBe(before);
    expect(await fingerprint(await folderWith({ 'b.png': '1' }), ['b.png'])).not.toBe(before);
    await expect(fingerprint(await folderWith(), paths)).rejects.toThrow(/a\.png/);
  });
});
