import { mkdtemp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { KdadError } from '../../common/errors.js';
import type { PrecisionChoice } from '../../method/bundle/precision.js';
import { quantile } from '../../method/metrics/robust.js';
import { EmbeddedBroker } from '../demo/broker.js';
import { type DaemonProcess, startDaemon } from '../demo/daemon-process.js';
import { type ByRole, memoryOf, processorOf } from './processes.js';
import { rounded } from './statistics.js';
import { VerdictLog } from './verdict-log.js';

export interface LineOptions {
  /** A folder for what the daemon needs. */
  readonly folder: string;
  readonly bundle: string;
  readonly precision?: PrecisionChoice;
  /** Of the detector; as many as the daemon chooses when left out. */
  readonly threads?: number;
  readonly ffmpeg: string;
  /** The video that each camera plays over and over, at its own pace. */
  readonly clip: string;
  /** Frames a second of the video. */
  readonly fps: number;
  readonly cameras: number;
  /** How long verdicts are looked at. */
  readonly seconds: number;
  /** Ends it at the first frame that is not judged: the rest would tell nothing more. */
  readonly untilDropped?: boolean;
  readonly signal?: AbortSignal;
}

/** What a daemon did with so many cameras. */
export interface LineRun {
  readonly cameras: number;
  readonly fps: number;
  /** Every frame was judged, and as many came as should. */
  readonly sustained: boolean;
  readonly judged: number;
  /** Frames that came and were not judged. */
  readonly dropped: number;
  /** Milliseconds from a frame's arrival in the daemon to its verdict's arrival at a subscriber of the broker. */
  readonly latencyMs: { readonly p50: number; readonly p95: number; readonly p99: number };
  /** Milliseconds from the daemon's start to its first verdict at the subscriber. */
  readonly firstVerdictMs: number;
  /** Processors taken, of the daemon and its children. */
  readonly cores: ByRole;
  /** Bytes, at the end. */
  readonly memory: ByRole;
}

/** Milliseconds that the daemon, and every camera, have for the first verdict. */
const PATIENCE = 60_000;
/** Milliseconds between the first verdicts and what counts: queues of the start are worked off. */
const SETTLE = 1500;
/** Milliseconds after which a frame that came in time has been judged, or never will be. */
const STRAGGLERS = 1000;
/** Of the frames that should come, the part that has to: a video that begins again may be late by a frame. */
const LEAST = 0.95;

/**
 * Runs the built daemon, with a broker of our own, on cameras that play a clip. No frame counts as anomalous: good ones
 * are what a line has.
 * @throws KdadError BENCH_FAILED; the signal's reason
 */
export async function runLine(options: LineOptions): Promise<LineRun> {
  const { cameras, fps, seconds, untilDropped, signal } = options;
  const folder = await mkdtemp(join(options.folder, `line-${cameras}-`));
  const broker = new EmbeddedBroker();
  let client: mqtt.MqttClient | undefined;
  let daemon: DaemonProcess | undefined;
  try {
    const address = await broker.start();
    const verdicts = new VerdictLog();
    client = await mqtt.connectAsync(address, { protocolVersion: 4 });
    client.on('message', (_topic, payload) => verdicts.add(payload.toString(), Date.now()));
    await client.subscribeAsync('bench/cameras/+/verdict');
    const config = join(folder, 'kdad-edge.yaml');
    await writeFile(config, configuration(options, address));
    const startedAt = Date.now();
    daemon = startDaemon(config, join(folder, 'daemon.log'));
    await untilAllJudge(verdicts, daemon, folder, options);
    await sleep(SETTLE, undefined, { signal });

    const [begin, before] = [Date.now(), await processorOf(daemon.pid)];
    const end = begin + 1000 * seconds;
    const gaveUp = () => untilDropped && verdicts.droppedIn(begin, Date.now()) > 0;
    while (Date.now() < end && !gaveUp())
      await sleep(Math.min(250, Math.max(1, end - Date.now())), undefined, { signal });
    const elapsed = (Date.now() - begin) / 1000;
    const [after, memory] = [await processorOf(daemon.pid), await memoryOf(daemon.pid)];
    await sleep(STRAGGLERS, undefined, { signal });

    const { judged, dropped, latencies } = verdicts.between(begin, begin + 1000 * elapsed);
    const share = (part: number) => (latencies.length > 0 ? quantile(latencies, part) : Number.NaN);
    return {
      cameras,
      fps,
      sustained: dropped === 0 && judged >= LEAST * fps * elapsed * cameras - cameras,
      judged,
      dropped,
      latencyMs: { p50: share(0.5), p95: share(0.95), p99: share(0.99) },
      firstVerdictMs: verdicts.firstAt - startedAt,
      cores: perSecond(before, after, elapsed),
      memory,
    };
  } finally {
    await daemon?.stop();
    await client?.endAsync(true);
    await broker.stop();
  }
}

async function untilAllJudge(
  verdicts: VerdictLog,
  daemon: DaemonProcess,
  folder: string,
  { cameras, signal }: LineOptions,
): Promise<void> {
  let ended = false;
  void daemon.ended.then(() => {
    ended = true;
  });
  const end = Date.now() + PATIENCE;
  while (verdicts.cameras < cameras) {
    await sleep(20, undefined, { signal });
    if (!ended && Date.now() < end) continue;
    const log = await readFile(join(folder, 'daemon.log'), 'utf8');
    const what = ended ? 'the daemon ended' : `the daemon judged nothing of ${cameras - verdicts.cameras} cameras`;
    throw new KdadError('BENCH_FAILED', `${what} within ${PATIENCE / 1000} s:\n${log.trim().slice(-2000)}`);
  }
}

const perSecond = (before: ByRole, after: ByRole, seconds: number): ByRole => {
  const rate = (role: keyof ByRole) => rounded((after[role] - before[role]) / seconds);
  return { daemon: rate('daemon'), inference: rate('inference'), ffmpeg: rate('ffmpeg'), total: rate('total') };
};

/** As far from the good as it can be set. */
const NEVER = { factor: 10 };

function configuration(
  { bundle, precision = 'auto', threads, ffmpeg, clip, cameras }: LineOptions,
  broker: string,
): string {
  const source = { kind: 'file', path: clip, loop: true };
  return JSON.stringify({
    model: bundle,
    ffmpeg,
    stateDir: 'state',
    inspection: { precision, threads },
    cameras: Array.from({ length: cameras }, (_, i) => ({ name: `camera-${i}`, source, threshold: NEVER })),
    evidence: { keep: false },
    mqtt: { url: broker, topicPrefix: 'bench', version: '3.1.1', verdicts: true },
    http: { port: 0 },
  });
}
