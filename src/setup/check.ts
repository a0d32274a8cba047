import { openBundle } from '../bundle/read.js';
import { findFfmpeg } from '../camera/ffmpeg.js';
import { firstFrame } from '../camera/first-frame.js';
import { loadConfig } from '../config/load.js';
import { KdadError } from '../errors.js';
import { checkBroker } from '../publish/connection.js';

/** One thing that has to work before the daemon can. */
export interface Check {
  readonly what: string;
  /** What was found; the error when it does not work. */
  readonly result: string | KdadError;
}

/**
 * Tries out a configuration: that it loads, that the model and ffmpeg are there, that every camera gives a frame and
 * that the broker answers. A check that fails keeps only those from being tried that need it.
 */
export async function* checkConfiguration(file: string, signal?: AbortSignal): AsyncGenerator<Check, void> {
  const configured = await attempt(() => loadConfig(file));
  yield { what: 'configuration', result: configured.error ?? file };
  if (!configured.value) return;
  const { model, cameras, mqtt, ffmpeg: wanted } = configured.value;
  const bundle = await attempt(() => openBundle(model));
  const threshold = bundle.value?.manifest.threshold.value.toPrecision(4);
  yield { what: 'model', result: bundle.error ?? `${model}, threshold ${threshold}` };
  const ffmpeg = await attempt(() => findFfmpeg(wanted));
  const found = ffmpeg.value && `${ffmpeg.value.path} ${ffmpeg.value.version.major}.${ffmpeg.value.version.minor}`;
  yield { what: 'ffmpeg', result: ffmpeg.error ?? (found as string) };
  if (bundle.value && ffmpeg.value) {
    const options = { ffmpeg: ffmpeg.value, size: bundle.value.manifest.preprocessing.size, signal };
    for (const camera of cameras) {
      const frame = await attempt(() => firstFrame(camera, options));
      yield { what: `camera ${camera.name}`, result: frame.error ?? 'gives frames' };
    }
  }
  if (mqtt) {
    const answered = await attempt(() => checkBroker(mqtt));
    yield { what: 'broker', result: answered.error ?? `${mqtt.url} answers` };
  }
}

async function attempt<Value>(work: () => Promise<Value>): Promise<{ value?: Value; error?: KdadError }> {
  try {
    return { value: await work() };
  } catch (error) {
    if (error instanceof KdadError) return { error };
    throw error;
  }
}
