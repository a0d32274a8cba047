import { isIP, isIPv4 } from 'node:net';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { MOST_THREADS } from '../../common/processor/cores.js';
import { limitsFor } from '../../learning/calibration/limits.js';
import { precisionChoices } from '../../method/bundle/precision.js';
import { engineNames } from '../../method/engine/engines.js';
import { DEVICES, devicePattern } from '../../method/engine/onnx/device.js';
import { isHost } from './address.js';
import { camera } from './camera-schema.js';
import { duration } from './duration.js';
import { configuredReview, configuredThreshold } from './threshold.js';
import { mqttText, number, path, restarts, text, url, whole } from './values.js';

/** systemd's, or the user's (XDG Base Directory Specification). */
export function defaultStateFolder(): string {
  const { STATE_DIRECTORY, XDG_STATE_HOME } = process.env;
  // With several, systemd separates them by colons.
  if (STATE_DIRECTORY) return STATE_DIRECTORY.split(':')[0];
  return join(XDG_STATE_HOME || join(homedir(), '.local/state'), 'kdad-edge');
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || (isIPv4(host) && host.startsWith('127.'));

const inspection = z.strictObject({
  maxBatch: whole(1, 64)
    .default(8)
    .describe('Frames judged at once at most, over all cameras (and no more than the model allows).'),
  maxWait: duration('0ms', '1h')
    .prefault('0ms')
    .describe(
      'A frame waits at most so long for those of other cameras to share its batch. While one batch is judged, frames gather for the next anyway.',
    ),
  queue: whole(1, 64)
    .default(4)
    .describe('Frames of one camera that wait at most; when one more comes, the oldest is dropped and counted.'),
  threads: whole(0, MOST_THREADS)
    .default(0)
    .describe('Threads of the detector; 0 takes one for each core that the daemon may use (affinity, quota).'),
  precision: z
    .enum(precisionChoices)
    .default('auto')
    .describe(
      'Numbers that the detector computes in: `fp32`; `int8`, which is faster on a processor; `fp16`, for GPUs. `auto` takes int8 where its scores agree and the processor has instructions for it.',
    ),
  batchTimeout: duration('100ms', '1h')
    .prefault('30s')
    .describe('A detector that has not answered for so long hangs, and is replaced.'),
});

const open = z
  .strictObject({
    k: whole(1, 1000).default(3).describe('An alert opens when so many ...'),
    n: whole(1, 1000).default(5).describe('... of the last so many frames were anomalous.'),
  })
  .refine(({ k, n }) => k <= n, { path: ['k'], message: 'expected at most n' });

const alert = z.strictObject({
  open: open.prefault({}).describe('When an alert opens.'),
  release: number(0.1, 1)
    .default(0.9)
    .describe('A frame counts as good again when its score is below this share of the threshold.'),
  goodFrames: whole(1, 10_000).default(5).describe('An alert closes after so many good frames in a row.'),
  cooldown: duration('0ms', '168h')
    .prefault('5s')
    .describe('After an alert closed, its camera opens no new one for so long.'),
});

const megabytes = number(0, 1e7);

const evidence = z.strictObject({
  keep: z
    .boolean()
    .default(true)
    .describe("Keep each alert's worst frame, overlay and event in `stateDir`/evidence.")
    .meta(restarts('daemon')),
  maxAge: duration('1s', '87600h').prefault('720h').describe('Evidence is taken away after so long.'),
  maxSize: megabytes.default(1000).describe('Megabytes that all evidence may take; the oldest goes first.'),
  minFree: megabytes
    .default(500)
    .describe('Megabytes of the disk that stay free: with less, old evidence goes, and nothing is written.'),
});

const topic = mqttText(
  text(256).regex(
    /^(?!\$)[^+#/]+(\/[^+#/]+)*$/,
    'expected a topic without +, # and empty levels that does not begin with $',
  ),
);

const mqtt = z
  .strictObject({
    url: url(['mqtt', 'mqtts', 'ws', 'wss'])
      .refine(
        (address) => !/^[a-z]+:\/\/[^/]*@/.test(address),
        'expected no credentials here: use username and passwordFile',
      )
      .default('mqtt://127.0.0.1:1883')
      .describe('The broker: `mqtt://`, `mqtts://` (TLS), `ws://` or `wss://`.'),
    topicPrefix: topic.default('kdad-edge').describe('What every topic begins with; give every box its own.'),
    version: z
      .literal([5, '3.1.1'])
      .transform((version) => String(version) as '5' | '3.1.1')
      .prefault(5)
      .describe('MQTT version: 5, or 3.1.1 for brokers that know no better.'),
    clientId: mqttText(text(256)).optional().describe('Client identifier; one at random when absent.'),
    username: mqttText(text(1024)).optional().describe('User name at the broker.'),
    password: text(16_384).optional().describe('Password; better a reference to the environment, or `passwordFile`.'),
    passwordFile: path
      .optional()
      .describe('File that holds the password, instead of `password`; a line break at its end does not count.'),
    ca: path
      .optional()
      .describe("PEM file of the authority that signed the broker's certificate, where it is not a public one."),
    cert: path.optional().describe("PEM file of this client's certificate, for brokers that ask for one."),
    key: path.optional().describe("PEM file of this client's key."),
    verdicts: z.boolean().default(false).describe('Publish the verdict on every frame, too.').meta(restarts('no')),
    homeAssistant: z.boolean().default(false).describe('Have Home Assistant discover each camera, see mqtt.md.'),
    discoveryPrefix: topic.default('homeassistant').describe("What Home Assistant's topics of discovery begin with."),
    commands: z
      .boolean()
      .default(false)
      .describe(
        'Obey commands over MQTT: judge a frame, set a threshold, mute, activate a model. Whoever may publish to their topics can do all that: see mqtt.md for what the broker should allow.',
      ),
  })
  .refine(({ password, passwordFile }) => password === undefined || passwordFile === undefined, {
    path: ['passwordFile'],
    message: 'expected only one of password and passwordFile',
  })
  .superRefine(({ url: address, ca, cert, key }, context) => {
    if (/^(mqtts|wss):/.test(address)) return;
    // mqtt.js would leave them out, and talk in the clear.
    const message = `expected mqtts:// or wss:// with it: ${address.split('://', 1)[0]}:// does not encrypt`;
    for (const [name, file] of Object.entries({ ca, cert, key })) {
      if (file !== undefined) context.addIssue({ code: 'custom', path: [name], message });
    }
  });

const http = z
  .strictObject({
    host: text(253)
      .refine((host) => isIP(host) !== 0 || isHost(host), 'expected the name or the address of this machine')
      .default('127.0.0.1')
      .describe('Address to listen on; one that other machines can reach needs a `tokenFile`.'),
    port: whole(0, 65_535).default(9464).describe('Port; 0 takes any free one.'),
    tokenFile: path
      .optional()
      .describe('File that holds a bearer token: whoever asks for more than `/healthz` and `/readyz` has to give it.'),
  })
  .refine(({ host, tokenFile }) => isLoopback(host) || tokenFile !== undefined, {
    path: ['host'],
    message: 'expected 127.0.0.1, ::1 or localhost, or http.tokenFile beside it',
  });

/** The whole configuration file. Each key carries its description and default; docs/configuration.md lists them. */
export const configSchema = z
  .strictObject({
    model: path.describe(
      'The bundle, the folder that `kdad-edge train` wrote, or a store of versions; for every camera that names none of its own.',
    ),
    stateDir: path
      .optional()
      .transform((folder) => folder ?? defaultStateFolder())
      .describe(
        'Folder for what must outlast a restart: alerts that the broker has not got yet, evidence, and what was commanded for cameras. By default the one that systemd gives, else `~/.local/state/kdad-edge`. Every daemon needs its own.',
      ),
    engine: z
      .enum(engineNames)
      .default('onnx')
      .describe('What computes: `onnx` (ONNX Runtime), or `tensorflow`, which `kdad-edge setup tensorflow` sets up.'),
    device: z
      .string()
      .max(16)
      .regex(devicePattern, `expected ${DEVICES}`)
      .default('auto')
      .describe(
        'What the onnx engine runs on: `cpu`, `cuda`, `tensorrt` or `webgpu`, with an index where there are several (`cuda:1`); see hardware.md. One that does not work is an error. `auto` takes `cuda` where that was installed and works, else the processor.',
      ),
    ffmpeg: path.optional().describe('The ffmpeg to use; otherwise FFMPEG_PATH, the PATH, then the packaged ones.'),
    cameras: z
      .array(camera)
      .min(1, 'expected at least one camera')
      .max(1000)
      .superRefine((cameras, context) => {
        for (const [i, { name }] of cameras.entries()) {
          const first = cameras.findIndex((other) => other.name === name);
          const message = `expected a name of its own (camera ${first + 1} has it)`;
          if (first < i) context.addIssue({ code: 'custom', path: [i, 'name'], message });
        }
      })
      .describe('The cameras to watch.')
      .meta(restarts('camera')),
    threshold: configuredThreshold
      .optional()
      .describe(
        "From which score on a frame is anomalous, for every camera that says nothing itself: `{ factor: 1.1 }`, or `{ falseAlarms: 0.5% }`. Without it the models' own thresholds count.",
      )
      .meta(restarts('no')),
    review: configuredReview
      .optional()
      .describe(
        'A band below the threshold whose frames get the verdict `review`, and open no alert: `{ falseAlarms: 5% }`, or `{ factor: 0.9 }`. Without it there is none.',
      )
      .meta(restarts('no')),
    inspection: inspection.prefault({}).describe('How frames are judged.'),
    alert: alert.prefault({}).describe('When an alert opens and closes.').meta(restarts('no')),
    evidence: evidence.prefault({}).describe('What is kept of alerts on disk.').meta(restarts('no')),
    mqtt: mqtt.optional().describe('Where alerts go; without it, only the log and the metrics tell of them.'),
    http: http.prefault({}).describe('Health, status and metrics, see operations.md.'),
    logLevel: z
      .enum(['error', 'warn', 'info', 'debug'])
      .default('info')
      .describe('The least important lines that are logged.')
      .meta(restarts('no')),
  })
  .superRefine((config, context) => {
    const { cameras } = config;
    const message = 'expected mqtt.commands: true with it, else nothing is ever judged';
    for (const i of waitingInVain(config)) {
      context.addIssue({ code: 'custom', path: ['cameras', i, 'trigger'], message });
    }
    for (const [i, camera] of cameras.entries()) {
      const { threshold, review } = limitsFor(config, camera);
      if (!review?.falseAlarms || !threshold?.falseAlarms || review.falseAlarms > threshold.falseAlarms) continue;
      const path = camera.review ? ['cameras', i, 'review', 'falseAlarms'] : ['review', 'falseAlarms'];
      context.addIssue({ code: 'custom', path, message: 'expected more than the threshold is for' });
    }
  });

interface Triggered {
  readonly cameras: readonly { readonly trigger: unknown }[];
  readonly mqtt?: { readonly commands: boolean };
}

/** The places of cameras that wait for commands where nobody can give any. */
export function waitingInVain({ cameras, mqtt }: Triggered): number[] {
  return mqtt?.commands ? [] : [...cameras.keys()].filter((i) => cameras[i].trigger === 'command');
}

type Parsed = z.infer<typeof configSchema>;

/**
 * A configuration with every default filled in; durations in milliseconds, paths absolute, secrets read from their
 * files.
 */
export type Config = Parsed & { readonly http: { readonly token?: string } };
export type CameraConfig = Config['cameras'][number];
