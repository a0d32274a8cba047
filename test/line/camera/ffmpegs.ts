import { execFileSync, spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import installer from '@ffmpeg-installer/ffmpeg';
import { type Ffmpeg, findFfmpeg } from '../../../src/line/camera/ffmpeg/ffmpeg.js';

/** The builds to test with: the package's always runs here, the system's where it is installed. */
export async function realFfmpegs(): Promise<Ffmpeg[]> {
  const packaged = await findFfmpeg(installer.path);
  if (spawnSync('ffmpeg', ['-version']).error) {
    console.warn('skipped with the system ffmpeg: it is not installed');
    return [packaged];
  }
  return [packaged, await findFfmpeg('ffmpeg')];
}

/** A stand-in of test/fixtures that misbehaves as its name says. */
export function misbehaving(name: string): Ffmpeg {
  const path = fileURLToPath(new URL(`../../fixtures/ffmpeg-${name}`, import.meta.url));
  return { path, version: { major: 5, minor: 1 }, source: 'a test' };
}

/** Makes a file with ffmpeg's own test sources. */
export function make(ffmpeg: Ffmpeg, ...args: string[]): void {
  execFileSync(ffmpeg.path, ['-y', '-nostdin', '-loglevel', 'error', ...args], {
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

/** The running children of this process, and theirs, by their command lines. */
export function descendants(parent = process.pid): string[] {
  return readdirSync('/proc')
    .filter((entry) => /^\d+$/.test(entry))
    .flatMap((entry) => {
      try {
        const [, state, parentId] = /^.*\) (\S) (\d+)/s.exec(readFileSync(`/proc/${entry}/stat`, 'latin1'))!;
        if (Number(parentId) !== parent || state === 'Z') return [];
        const command = readFileSync(`/proc/${entry}/cmdline`, 'latin1').replaceAll('\0', ' ');
        return [command, ...descendants(Number(entry))];
      } catch {
        return []; // It ended while we looked.
      }
    });
}
