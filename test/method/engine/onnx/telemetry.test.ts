import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { access, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { folderWith } from '../../../fixtures/folder.js';
import { tinyBundle } from '../../../fixtures/tiny-bundle.js';

test('onnxruntime leaves no database and no log of its own on the box, and sends nothing', async () => {
  const session = new URL('../../../../dist/method/engine/onnx/session.js', import.meta.url).href;
  const { bundle } = await tinyBundle();
  const home = await folderWith({
    'session.mjs': `import { DetectorSession } from '${session}';
      const detector = await DetectorSession.load('${join(bundle, 'detector.onnx')}', { threads: 1 });
      await detector.dispose();`,
  });
  const child = spawn(process.execPath, ['session.mjs'], { cwd: home, env: { PATH: process.env.PATH, HOME: home } });
  expect(await once(child, 'exit')).toEqual([0, null]);
  expect(await readdir(home)).toEqual(['session.mjs']);
  await expect(access(`/tmp/mat-debug-${child.pid}.log`)).rejects.toThrow('ENOENT');
});
