import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reportFile } from '../../../src/tools/commands/report-file.js';
import { folderWith } from '../../fixtures/folder.js';

describe('reportFile', () => {
  it('makes the folder at once, and writes the page whole over an older one', async () => {
    const folder = await folderWith();
    const path = join(folder, 'reports/today.html');
    await (await reportFile(path)).write('old');
    await (await reportFile(path)).write('new');
    expect(await readFile(path, 'utf8')).toBe('new');
    expect(await readdir(join(folder, 'reports'))).toEqual(['today.html']);
  });

  it('says before the work that a page cannot be written there', async () => {
    const folder = await folderWith({ file: '' });
    await expect(reportFile(folder)).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
    await expect(reportFile(join(folder, 'file/today.html'))).rejects.toMatchObject({ code: 'OUTPUT_UNWRITABLE' });
  });
});
