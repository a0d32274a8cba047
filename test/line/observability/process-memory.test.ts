import { fork, spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { residentMemory } from '../../../src/line/observability/process-memory.js';
import { folderWith } from '../../fixtures/folder.js';

describe.skipIf(process.platform !== 'linux')('the memory of the daemon', () => {
  it('is its own', async () => {
    const own = (await residentMemory()).get('daemon') as number;
    expect(own / process.memoryUsage.rss()).toBeGreaterThan(0.5);
    expect(own / process.memoryUsage.rss()).toBeLessThan(2);
  });

  it('is that of its detector and of every ffmpeg, and of no other process', async () => {
    const folder = await folderWith({ 'inference-main.js': "process.send('up'); setInterval(() => {}, 1000);" });
    const ffmpeg = join(folder, 'ffmpeg');
    await copyFile('/bin/sleep', ffmpeg);
    const before = await residentMemory();
    expect([...before.keys()]).toEqual(['daemon']);
    const detector = fork(join(folder, 'inference-main.js'), { execArgv: [] });
    const children = [spawn(ffmpeg, ['60']), spawn(ffmpeg, ['60']), spawn('/bin/sleep', ['60']), detector];
    onTestFinished(() => children.forEach((child) => void child.kill('SIGKILL')));
    await once(detector, 'message');

    const memory = await residentMemory();
    expect([...memory.keys()].sort()).toEqual(['daemon', 'ffmpeg', 'inference']);
    expect(memory.get('inference')).toBeGreaterThan(10e6);
    expect(memory.get('ffmpeg')).toBeGreaterThan(0);
    expect(memory.get('ffmpeg')).toBeLessThan(memory.get('inference') as number);
  });
});
