import { basename } from 'node:path';
import { KdadError } from '../../common/errors.js';
import { findFfmpeg } from '../../line/camera/ffmpeg/ffmpeg.js';
import { loadConfig } from '../../line/config/load.js';
import { modelOf, modelsOf } from '../../line/config/models.js';
import type { CameraConfig, Config } from '../../line/config/schema.js';
import { type Bundle, openBundle } from '../../method/bundle/read.js';
import { precisionFor } from '../../method/detector/precision.js';
import { imagenetPreprocessing } from '../../method/images/preprocessing.js';
import { certificateChecks, checkCommands, checkConnection, checkIdentifier, checkTopics } from './broker.js';
import { checkCamera } from './camera.js';
import { checkDecoders, describeFfmpeg } from './ffmpeg.js';
import { attempt, type Finding, failed, ok, skipped } from './finding.js';
import { checkClock, checkDisk, checkPort } from './machine.js';
import { checkSelfTest, describeBundle, describeEngine } from './model.js';

/** Milliseconds that one check may take. */
const LIMIT = 60_000;

interface Check {
  readonly what: string;
  /** Where this fails, there is nothing to try. */
  readonly needs?: Promise<unknown>;
  readonly run: (signal: AbortSignal) => Promise<Finding>;
}

/**
 * Tries out everything that a configuration needs, all at once and each within a minute. What fails keeps only that
 * from being tried which needs it.
 *
 * @param device to try instead of the configuration's
 * @returns in a fixed order, the configuration first
 */
export async function examine(file: string, device?: string): Promise<Finding[]> {
  try {
    const config = await loadConfig(file);
    const checks = checksOf(device === undefined ? config : { ...config, device });
    return [ok('configuration', file), ...(await Promise.all(checks.map(carryOut)))];
  } catch (error) {
    // All that is wrong in it, not only the first.
    if (error instanceof KdadError) return [{ ...failed('configuration', error), found: error.message }];
    throw error;
  }
}

function checksOf(config: Config): Check[] {
  const { cameras, mqtt } = config;
  const computing = { engine: config.engine, device: config.device, threads: config.inspection.threads };
  const ffmpeg = findFfmpeg(config.ffmpeg);
  const open = async (path: string) => openBundle(path, precisionFor(config.inspection.precision, computing));
  const bundles = new Map(modelsOf(config).map((path) => [path, open(path)]));
  const framingFor = (camera: CameraConfig) =>
    (bundles.get(modelOf(config, camera)) as Promise<Bundle>).then(
      ({ manifest }) => manifest.preprocessing,
      () => imagenetPreprocessing,
    );
  const modelChecks = ([path, bundle]: [string, Promise<Bundle>]): Check[] => {
    const which = bundles.size > 1 ? ` ${basename(path)}` : '';
    return [
      { what: `model${which}`, run: async () => describeBundle(await bundle) },
      { what: `self-test${which}`, needs: bundle, run: async () => checkSelfTest(await bundle, computing) },
    ];
  };
  const cameraCheck = (camera: CameraConfig): Check => ({
    what: `camera ${camera.name}`,
    needs: ffmpeg,
    run: async (signal) => checkCamera(camera, { ffmpeg: await ffmpeg, framing: await framingFor(camera), signal }),
  });
  return [
    ...[...bundles].flatMap(modelChecks),
    { what: 'engine', run: async () => describeEngine(computing) },
    { what: 'ffmpeg', run: async () => describeFfmpeg(await ffmpeg) },
    { what: 'decoders', needs: ffmpeg, run: async (signal) => checkDecoders(cameras, await ffmpeg, signal) },
    ...cameras.map(cameraCheck),
    ...(mqtt ? brokerChecks(mqtt, cameras) : []),
    { what: 'disk', run: () => checkDisk(config) },
    { what: 'port', run: (signal) => checkPort(config, signal) },
    { what: 'clock', run: checkClock },
  ];
}

function brokerChecks(mqtt: NonNullable<Config['mqtt']>, cameras: readonly CameraConfig[]): Check[] {
  const connected = checkConnection(mqtt);
  // Those that need it look at it later.
  connected.catch(() => {});
  const names = cameras.map(({ name }) => name);
  return [
    { what: 'broker', run: () => connected },
    { what: 'alert topics', needs: connected, run: () => checkTopics(mqtt, names) },
    ...(mqtt.commands
      ? [{ what: 'commands', needs: connected, run: (signal: AbortSignal) => checkCommands(mqtt, signal) }]
      : []),
    ...(mqtt.clientId === undefined
      ? []
      : [{ what: 'client identifier', needs: connected, run: (signal: AbortSignal) => checkIdentifier(mqtt, signal) }]),
    ...certificateChecks(mqtt),
  ];
}

async function carryOut({ what, needs, run }: Check): Promise<Finding> {
  const possible = await Promise.resolve(needs).then(
    () => true,
    () => false,
  );
  if (!possible) return skipped(what, 'not tried without what failed above');
  const controller = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Finding>((resolve) => {
    timer = setTimeout(() => {
      controller.abort();
      resolve(failed(what, new KdadError('CHECK_TIMED_OUT', `no answer within ${LIMIT / 1000} s`)));
    }, LIMIT);
  });
  const found = await Promise.race([attempt(what, () => run(controller.signal)), late]);
  clearTimeout(timer);
  return { ...found, what };
}
