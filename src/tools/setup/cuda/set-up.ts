import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { KdadError } from '../../../common/errors.js';
import { libraryOf, type Machine, obstacleTo, parseDevice, thisMachine } from '../../../method/engine/onnx/device.js';
import { missingLibraries } from '../../../method/engine/onnx/missing-libraries.js';
import { type FoundCuda, findCuda } from './find-cuda.js';

export interface SetUpCudaOptions {
  /** The major version to take, instead of the one found: for images that get CUDA later. */
  readonly cuda?: number;
  readonly signal?: AbortSignal;
  /** Told what is done, a line each. */
  readonly onStep?: (step: string) => void;
  /** These three are for tests. */
  readonly machine?: Machine;
  readonly find?: () => Promise<FoundCuda[]>;
  /** onnxruntime-node's `script/`. */
  readonly scripts?: string;
}

export interface CudaSetUp {
  readonly cuda: number;
  /** Folder of the libraries. */
  readonly folder: string;
  /** What still keeps CUDA from being used, a line each. */
  readonly open: readonly string[];
}

/**
 * Has onnxruntime-node's own installer fetch its CUDA and TensorRT libraries from NuGet, for the CUDA found here.
 * @throws KdadError DEVICE_UNUSABLE where there are none for this machine, CUDA_MISSING, DOWNLOAD_FAILED
 */
export async function setUpCuda(options: SetUpCudaOptions = {}): Promise<CudaSetUp> {
  const { machine = thisMachine, find = findCuda, onStep = () => {}, signal } = options;
  const { platform, arch, libraries } = machine;
  const scripts = options.scripts ?? join(libraries, '../../../../script');
  const published = publishedVersions(scripts, `${platform}/${arch}`);
  if (published.length === 0) {
    const message = `onnxruntime-node publishes no CUDA libraries for ${platform}/${arch}, only for linux/x64; a Jetson's GPU is reached by kdad-edge setup tensorflow`;
    throw new KdadError('DEVICE_UNUSABLE', message);
  }
  const cuda = options.cuda ?? chooseVersion(await find(), published);
  if (!published.includes(cuda))
    throw new KdadError('CUDA_MISSING', notPublished(`CUDA ${cuda} was asked for`, published));
  onStep(`Fetching onnxruntime's libraries for CUDA ${cuda}`);
  await install(scripts, libraries, cuda, signal);
  const library = libraryOf(parseDevice('cuda'), machine) as string;
  if (!existsSync(library)) {
    throw new KdadError(
      'DOWNLOAD_FAILED',
      `onnxruntime-node's installer ended without ${library}; ${byHand(libraries)}`,
    );
  }
  const missing = await missingLibraries(library);
  const obstacle = obstacleTo(parseDevice('cuda'), machine);
  const open = [
    ...(missing.length > 0
      ? [`the loader does not find ${missing.join(', ')}: install CUDA ${cuda} and its cuDNN`]
      : []),
    ...(obstacle === undefined ? [] : [obstacle]),
  ];
  return { cuda, folder: libraries, open };
}

/** The CUDA versions for which the installer knows libraries; it keeps them as `cuda12`. */
function publishedVersions(scripts: string, platform: string): number[] {
  const { requirements } = createRequire(import.meta.url)(join(scripts, 'install-metadata.js')) as {
    requirements: Record<string, string[] | undefined>;
  };
  return (requirements[platform] ?? []).flatMap((name) => Number(/^cuda(\d+)$/.exec(name)?.[1]) || []);
}

function chooseVersion(found: readonly FoundCuda[], published: readonly number[]): number {
  const fitting = found.find(({ major }) => published.includes(major));
  if (fitting) return fitting.major;
  const [newest] = found;
  const here = newest ? `CUDA ${newest.major} is here (${newest.path})` : 'no CUDA is here (no libcudart.so)';
  throw new KdadError('CUDA_MISSING', notPublished(here, published));
}

const notPublished = (what: string, published: readonly number[]): string =>
  `${what}; onnxruntime-node has libraries for CUDA ${published.join(' and ')}`;

async function install(
  scripts: string,
  libraries: string,
  cuda: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const script = join(scripts, 'install.js');
  // It heeds npm's settings, and installs nothing under npm run; the variable comes before them.
  const env = { ...process.env, ONNXRUNTIME_NODE_INSTALL: `cuda${cuda}` };
  await promisify(execFile)(process.execPath, [script], { env, signal }).catch((cause: { stderr?: string }) => {
    signal?.throwIfAborted();
    const said = /^\s*(?:\w*Error|AggregateError)\b.*$/m.exec(cause.stderr ?? '')?.[0].trim() ?? 'it does not say why';
    const message = `onnxruntime-node's installer failed (${said}); ${byHand(libraries)}`;
    throw new KdadError('DOWNLOAD_FAILED', message, { cause });
  });
}

const byHand = (folder: string): string =>
  `it fetches Microsoft.ML.OnnxRuntime.Gpu.Linux from api.nuget.org (through a proxy with GLOBAL_AGENT_HTTPS_PROXY); its runtimes/linux-x64/native/*.so can be put into ${folder} by hand`;
