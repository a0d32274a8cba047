import { access, constants, readdir, stat } from 'node:fs/promises';
import { KdadError } from '../../common/errors.js';
import { modelOf } from '../../line/config/models.js';
import type { Problem } from '../../line/config/problems.js';
import type { Config } from '../../line/config/schema.js';
import { maskOf, type Polygon } from '../../line/inspection/ignored.js';
import { openBundle } from '../../method/bundle/read.js';
import { mapSettingsOf } from '../../method/detector/map-settings.js';

/** A path that a configuration names, where, and what has to be possible with it. */
interface Named {
  readonly key: Problem['path'];
  readonly path: string | undefined;
  readonly check: (path: string) => Promise<unknown>;
}

/**
 * What is wrong with the files and folders that a configuration names: missing, not to be read, or not what they should
 * be. The password file is not among them: loading reads it.
 */
export async function findUnusableFiles(config: Config): Promise<Problem[]> {
  const { model, ffmpeg, cameras, mqtt } = config;
  const named: Named[] = [
    { key: ['model'], path: model, check: openBundle },
    // A bare name is looked for on the PATH.
    { key: ['ffmpeg'], path: ffmpeg?.includes('/') ? ffmpeg : undefined, check: executable },
    { key: ['stateDir'], path: config.stateDir, check: stateFolder },
    ...cameras.map(({ model: path }, i) => ({ key: ['cameras', i, 'model'], path, check: openBundle })),
    ...cameras.map((camera, i) => sourceOf(camera, ['cameras', i, 'source'])),
    ...cameras.map(({ ignore }, i) => ({
      key: ['cameras', i, 'ignore'],
      path: ignore && modelOf(config, cameras[i]),
      check: (path: string) => checkMask(path, ignore ?? []),
    })),
    ...(['ca', 'cert', 'key'] as const).map((key) => ({ key: ['mqtt', key], path: mqtt?.[key], check: readableFile })),
  ];
  const problems = await Promise.all(
    named.map(async ({ key, path, check }): Promise<Problem[]> => {
      if (path === undefined) return [];
      const text = await check(path).then(
        () => undefined,
        (error: Error) => (error instanceof KdadError ? error.message : `${path}: ${reason(error)}`),
      );
      return text === undefined ? [] : [{ path: key, text }];
    }),
  );
  return problems.flat();
}

function sourceOf({ source }: Config['cameras'][number], key: Problem['path']): Named {
  switch (source.kind) {
    case 'file':
      return { key: [...key, 'path'], path: source.path, check: readableFile };
    case 'folder':
      return { key: [...key, 'path'], path: source.path, check: (path) => readdir(path) };
    case 'v4l2':
      return { key: [...key, 'device'], path: source.device, check: (path) => access(path, constants.R_OK) };
    default:
      return { key, path: undefined, check: async () => {} };
  }
}

/** A model that is not there is told under its own key. */
async function checkMask(model: string, ignore: readonly Polygon[]): Promise<void> {
  const bundle = await openBundle(model).catch(() => undefined);
  if (bundle) maskOf(ignore, mapSettingsOf(bundle).size);
}

async function readableFile(path: string): Promise<void> {
  if ((await stat(path)).isDirectory()) throw new Error('a folder; expected a file');
  await access(path, constants.R_OK);
}

/**
 * It may be made at start, then what is there of its path has to be a folder; whether it may be written is for the user
 * that runs the daemon.
 */
async function stateFolder(path: string): Promise<void> {
  const info = await stat(path).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'EACCES') return undefined;
    throw error;
  });
  if (info && !info.isDirectory()) throw new Error('a file; expected a folder');
}

async function executable(path: string): Promise<void> {
  if ((await stat(path)).isDirectory()) throw new Error('a folder; expected a program');
  await access(path, constants.X_OK);
}

/** In words, what the system calls by a code. */
function reason({ code, message }: NodeJS.ErrnoException): string {
  switch (code) {
    case 'ENOENT':
      return 'not there; expected one that exists';
    case 'EACCES':
      return 'this user may not use it; expected one that it may';
    case 'ENOTDIR':
      return 'a file; expected a folder';
    default:
      return message;
  }
}
