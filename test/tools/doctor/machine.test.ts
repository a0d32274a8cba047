import { chmod } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { checkClock } from '../../../src/tools/doctor/machine.js';
import { folderWith } from '../../fixtures/folder.js';

/** Has a `timedatectl` of our own be the only program that is found. */
async function timedatectl(script: string | undefined): Promise<void> {
  const folder = await folderWith(script === undefined ? {} : { timedatectl: `#!/bin/sh\n${script}\n` });
  if (script !== undefined) await chmod(join(folder, 'timedatectl'), 0o755);
  vi.stubEnv('PATH', folder);
}

describe("the doctor's look at the clock", () => {
  afterEach(() => {
    vi.unstubAllEnvs();
  });
  const signal = new AbortController().signal;

  it('finds it in order', async () => {
    await timedatectl('[ "$*" = "show -p NTPSynchronized --value" ] && echo yes');
    expect(await checkClock(signal)).toMatchObject({ outcome: 'ok', found: 'synchronised with the network' });
  });

  it('warns of one that nothing sets, and says what to do', async () => {
    await timedatectl('echo no');
    expect(await checkClock(signal)).toMatchObject({
      outcome: 'warning',
      found: 'not synchronised: alerts may carry the wrong time',
      advice: expect.stringContaining('timedatectl set-ntp true'),
    });
  });

  it('skips it where there is no timedatectl, or it fails', async () => {
    await timedatectl(undefined);
    expect(await checkClock(signal)).toMatchObject({ outcome: 'skipped' });
    await timedatectl('echo no; exit 1');
    expect(await checkClock(signal)).toMatchObject({ outcome: 'skipped' });
  });
});
