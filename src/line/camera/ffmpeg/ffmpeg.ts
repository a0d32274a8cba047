import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { KdadError } from '../../../common/errors.js';

const run = promisify(execFile);

/** The release of an ffmpeg, say 5.1. */
export interface FfmpegVersion {
  readonly major: number;
  readonly minor: number;
}

/** An ffmpeg that runs on this machine. */
export interface Ffmpeg {
  readonly path: string;
  readonly version: FfmpegVersion;
  /** Who named it, for the log. */
  readonly source: string;
}

/**
 * Finds an ffmpeg that runs: the one asked for (`path`, else FFMPEG_PATH), else `ffmpeg` on the PATH, which has the
 * machine's hardware decoders, else the npm packages ffmpeg-static and @ffmpeg-installer/ffmpeg (a build of 2018).
 *
 * @param path from the configuration or --ffmpeg
 * @throws KdadError FFMPEG_MISSING when the one asked for does not run, or when none does; it lists what was tried
 */
export async function findFfmpeg(path?: string, environment: NodeJS.ProcessEnv = process.env): Promise<Ffmpeg> {
  if (path) return await demand(path, 'the configuration');
  if (environment.FFMPEG_PATH) return await demand(environment.FFMPEG_PATH, 'FFMPEG_PATH');

  const candidates: [source: string, locate: () => Promise<string>][] = [
    ['ffmpeg on the PATH', async () => 'ffmpeg'],
    ['ffmpeg-static', () => packagedPath('ffmpeg-static')],
    ['@ffmpeg-installer/ffmpeg', () => packagedPath('@ffmpeg-installer/ffmpeg')],
  ];
  const failures: string[] = [];
  for (const [source, locate] of candidates) {
    try {
      const located = await locate();
      return { path: located, version: await probe(located, environment), source };
    } catch (error) {
      failures.push(`${source}: ${reason(error)}`);
    }
  }
  throw new KdadError('FFMPEG_MISSING', `no ffmpeg runs here. Tried ${failures.join('; ')}`);
}

/** Whether a version is at least `major.minor`. */
export function atLeast(version: FfmpegVersion, major: number, minor = 0): boolean {
  return version.major > major || (version.major === major && version.minor >= minor);
}

/** Older releases get no fixes from anybody any more. */
const oldest = { major: 4, minor: 2 } as const;

/** Why an ffmpeg should not decode what comes over a network, and what to do; undefined for one that may. */
export function warningOf({ version }: Ffmpeg): { readonly found: string; readonly advice: string } | undefined {
  if (atLeast(version, oldest.major, oldest.minor)) return undefined;
  const found = 'too old to decode what cameras send: holes that are known by now are not mended in it';
  const advice = 'Install a newer one (apt install ffmpeg); it is found on the PATH, or name it with the ffmpeg key.';
  return { found, advice };
}

const passed =
  /^(PATH|HOME|TMPDIR|TZ|LANG|DISPLAY|XDG_RUNTIME_DIR|(LC|LD|CUDA|NVIDIA|LIBVA|VDPAU|DRI|MESA|EGL|__EGL|GBM|OMP)_\w+)$/;

/**
 * What ffmpeg needs of our environment: where programs, libraries and devices are. Tokens and passwords that are there
 * are none of its business.
 */
export function environmentOf(environment: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(environment).filter(([name]) => passed.test(name)));
}

/** The libavutil that each release came with, newest first: what dates a build that is named after a git commit. */
const libavutilReleases = [
  [60, 8, 8, 0],
  [59, 39, 7, 1],
  [59, 8, 7, 0],
  [58, 29, 6, 1],
  [58, 2, 6, 0],
  [57, 28, 5, 1],
  [57, 17, 5, 0],
  [56, 70, 4, 4],
  [56, 51, 4, 3],
  [56, 31, 4, 2],
  [56, 22, 4, 1],
  [56, 14, 4, 0],
] as const;

/**
 * Reads what `ffmpeg -version` prints. A build of a git commit counts as the release before it; one that cannot be
 * dated counts as 0.0, which gets the oldest options.
 *
 * @returns undefined when another program wrote it
 */
export function parseVersion(output: string): FfmpegVersion | undefined {
  if (!output.startsWith('ffmpeg version ')) return undefined;
  const release = /^ffmpeg version n?(\d+)\.(\d+)/.exec(output);
  if (release) return { major: Number(release[1]), minor: Number(release[2]) };
  const [major, minor] = /^libavutil\s+(\d+)\.\s*(\d+)/m.exec(output)?.slice(1).map(Number) ?? [0, 0];
  const dated = libavutilReleases.find((row) => major > row[0] || (major === row[0] && minor >= row[1]));
  return dated ? { major: dated[2], minor: dated[3] } : { major: 0, minor: 0 };
}

async function demand(path: string, source: string): Promise<Ffmpeg> {
  try {
    return { path, version: await probe(path), source };
  } catch (error) {
    const message = `${path}, named by ${source}, is not an ffmpeg that runs here: ${reason(error)}`;
    throw new KdadError('FFMPEG_MISSING', message, { cause: error });
  }
}

async function probe(path: string, environment: NodeJS.ProcessEnv = process.env): Promise<FfmpegVersion> {
  const env = environmentOf(environment);
  const { stdout } = await run(path, ['-version'], { timeout: 10_000, killSignal: 'SIGKILL', env });
  const version = parseVersion(stdout);
  if (!version) throw new Error('it does not answer -version as ffmpeg does');
  return version;
}

/** Both packages export the place of their binary: one as a string (null where it has none), one in `path`. */
async function packagedPath(name: string): Promise<string> {
  const { default: exported } = (await import(name)) as { default: string | null | { path: string } };
  const path = typeof exported === 'string' ? exported : exported?.path;
  if (!path) throw new Error('it has no binary for this platform');
  return path;
}

function reason(error: unknown): string {
  // @ffmpeg-installer throws a text where its package for this platform is missing.
  if (typeof error === 'string') return error.split('\n', 1)[0];
  const { code, killed, message } = error as NodeJS.ErrnoException & { killed?: boolean };
  if (killed) return 'it did not answer -version within 10 s';
  if (code === 'ENOENT') return 'no such program';
  if (code === 'EACCES') return 'it may not be executed';
  if (code === 'ERR_MODULE_NOT_FOUND') return 'not installed';
  return message.split('\n', 1)[0];
}
