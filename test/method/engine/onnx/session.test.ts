import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { DetectorSession } from '../../../../src/method/engine/onnx/session.js';
import { TINY, tinyBundle } from '../../../fixtures/tiny-bundle.js';

it('leaves the processor alone between frames where it is not to spin', async () => {
  const { bundle } = await tinyBundle();
  /** Milliseconds of the processor for the pauses after 30 frames. */
  const pauses = async (spinning: boolean) => {
    const session = await DetectorSession.load(join(bundle, 'detector.onnx'), { threads: 2, spinning });
    const frame = new Uint8Array(TINY * TINY * 3);
    let used = 0;
    for (let times = 0; times < 30; times++) {
      await session.run(frame, 1);
      const before = process.cpuUsage();
      await sleep(30);
      const { user, system } = process.cpuUsage(before);
      used += (user + system) / 1000;
    }
    await session.dispose();
    return used;
  };
  expect(await pauses(false)).toBeLessThan((await pauses(true)) / 2);
});
