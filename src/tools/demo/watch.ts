import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import mqtt, { type MqttClient } from 'mqtt';
import { KdadError } from '../../common/errors.js';
import { EmbeddedBroker } from './broker.js';
import { type DaemonProcess, startDaemon } from './daemon-process.js';
import type { PlannedPart } from './line.js';
import { type Summary, Tally } from './tally.js';

/** An alert that the daemon raised, and the part that it is about. */
export interface DemoAlert {
  /** Seconds since the line started. */
  readonly seconds: number;
  readonly position: number;
  readonly part: PlannedPart;
  readonly ratio: number;
}

export interface WatchOptions {
  /** Everything is written to here: configuration, log, heatmaps. */
  readonly folder: string;
  readonly bundle: string;
  readonly video: string;
  readonly line: readonly PlannedPart[];
  readonly ffmpeg: string;
  /** A broker; one of our own when absent. */
  readonly broker?: string;
  /** Ends the line. */
  readonly signal: AbortSignal;
  readonly onStart: (places: {
    broker: string;
    topics: string;
    metrics: string;
    heatmaps: string;
    log: string;
  }) => void;
  readonly onAlert: (alert: DemoAlert) => void;
}

const PREFIX = 'kdad-edge-demo';
const CAMERA = 'line';

/**
 * Runs the daemon on the line's video until the signal comes, and holds its alerts against the plan of the line.
 * @throws KdadError DEMO_FAILED when the daemon ends by itself, BROKER_UNREACHABLE
 */
export async function watchLine(options: WatchOptions): Promise<Summary> {
  const { folder, line, signal } = options;
  const heatmaps = join(folder, 'heatmaps');
  await mkdir(heatmaps, { recursive: true });
  const own = options.broker === undefined ? new EmbeddedBroker() : undefined;
  const broker = options.broker ?? ((await own?.start()) as string);
  let client: MqttClient | undefined;
  let daemon: DaemonProcess | undefined;
  try {
    client = await connect(broker);
    const tally = new Tally(line);
    const startedAt = performance.now();
    let alert: (DemoAlert & { round: number }) | undefined;
    client.on('message', (topic, payload) => {
      const about = topic.split('/').at(-1);
      if (about === 'verdict') tally.judged(JSON.parse(payload.toString()).sequence);
      if (about === 'alert') {
        const { event, frame, ratio } = JSON.parse(payload.toString());
        if (event !== 'opened') return;
        alert = { ...tally.alerted(frame.sequence), ratio, seconds: (performance.now() - startedAt) / 1000 };
        options.onAlert(alert);
      }
      if (about === 'heatmap' && alert) {
        const { round, position, part } = alert;
        const name = `round${round + 1}-part${position + 1}-${part.kind ?? 'good'}.jpg`;
        // Only to be looked at: the line is watched without it, too.
        void writeFile(join(heatmaps, name), payload).catch(() => {});
      }
    });
    await client.subscribeAsync(`${PREFIX}/cameras/+/+`, { qos: 1 });
    const config = join(folder, 'kdad-edge.yaml');
    await writeFile(config, configuration(options, broker));
    const log = join(folder, 'daemon.log');
    daemon = startDaemon(config, log);
    void daemon.port.then((port) => {
      const metrics = `http://127.0.0.1:${port}/metrics`;
      options.onStart({ broker, topics: `${PREFIX}/#`, metrics, heatmaps, log });
    });
    const code = await Promise.race([daemon.ended, aborted(signal)]);
    if (!signal.aborted) throw new KdadError('DEMO_FAILED', `the daemon ended with code ${code}; its log is ${log}`);
    return tally.summary();
  } finally {
    await daemon?.stop();
    await client?.endAsync(true);
    await own?.stop();
  }
}

const configuration = ({ bundle, video, ffmpeg }: WatchOptions, broker: string): string => `\
# Written by kdad-edge demo; kdad-edge run --config takes it as it is.
model: ${JSON.stringify(bundle)}
ffmpeg: ${JSON.stringify(ffmpeg)}
stateDir: state
cameras:
  - name: ${CAMERA}
    source: { kind: file, path: ${JSON.stringify(video)}, loop: true }
alert: { open: { k: 3, n: 5 }, goodFrames: 3, cooldown: 0s }
mqtt: { url: ${JSON.stringify(broker)}, topicPrefix: ${PREFIX}, version: "3.1.1", verdicts: true }
http: { port: 0 }
`;

async function connect(broker: string): Promise<MqttClient> {
  try {
    return await mqtt.connectAsync(broker, { protocolVersion: 4, reconnectPeriod: 0, connectTimeout: 10_000 });
  } catch (error) {
    const reason = (error as Error).message || (error as NodeJS.ErrnoException).code;
    throw new KdadError('BROKER_UNREACHABLE', `${broker}: ${reason}`, { cause: error });
  }
}

const aborted = (signal: AbortSignal): Promise<void> =>
  new Promise((resolve) => {
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
