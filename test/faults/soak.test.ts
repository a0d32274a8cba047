import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, inject, it } from 'vitest';
import { hasMosquitto } from '../fixtures/brokers.js';
import { makeVideo } from '../fixtures/daemon.js';
import { tinyBundle } from '../fixtures/tiny-bundle.js';
import { length } from './length.js';

const soak = fileURLToPath(new URL('../../bench/soak.js', import.meta.url));
const MINUTES = length(10, 0.4);

/** At full length the bundle is a full-sized one, which keeps both cores busy, and the limits are the soak's own. */
async function options(): Promise<string[]> {
  if (MINUTES === 10) return [];
  const folder = join(inject('shared'), 'soak');
  await mkdir(folder, { recursive: true });
  const video = join(folder, 'part.avi');
  await makeVideo(video, { good: 25, bad: 25, fps: 25 });
  // Beside other tests, and before it has warmed up.
  const limits = ['--latency', '10', '--memory', '150', '--blocked', '1000'];
  return ['--model', (await tinyBundle()).bundle, '--video', video, ...limits];
}

it.skipIf(!hasMosquitto)(
  `four cameras at 25 frames a second for ${MINUTES} minutes: latency and memory bounded, every frame accounted for, no blocked event loop`,
  async () => {
    const args = [soak, '--json', '--minutes', String(MINUTES), ...(await options())];
    const { stdout, stderr } = await new Promise<{ stdout: string; stderr: string }>((resolve) => {
      execFile(process.execPath, args, { maxBuffer: 1e7 }, (_error, stdout, stderr) => resolve({ stdout, stderr }));
    });
    const report = JSON.parse(stdout.trim().split('\n').at(-1) || stderr);
    expect(report.checks.filter(({ kept }: { kept: boolean }) => !kept)).toEqual([]);
    expect(report.checks).toHaveLength(6);
    for (const { received, judged } of report.cameras) {
      expect(received).toBeGreaterThan(0);
      expect(judged).toBeGreaterThan(0);
    }
    expect(report.alerts).toBeGreaterThan(0);
  },
  240_000 + 60_000 * 1.5 * MINUTES,
);
