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
    .describe('The most frames to judge at once, over all cameras. The model may allow fewer.'),
  maxWait: duration('0ms', '1h')
    .prefault('0ms')
    .describe(
      'The longest time that a frame waits for frames of other cameras to share its batch. Frames also gather while the batch before is judged.',
    ),
  queue: whole(1, 64)
    .default(4)
    .describe('The most frames of one camera that wait. When one more comes, the oldest is dropped and counted.'),
  threads: whole(0, MOST_THREADS)
    .default(0)
    .describe('CPU threads of the detector. 0 means one for each core that the daemon may use (affinity and quota).'),
  precision: z
    .enum(precisionChoices)
    .default('auto')
    .describe(
      'The numbers that the detector computes with: `fp32`, `int8` (faster on a CPU) or `fp16` (for GPUs). `auto` uses int8 if its scores agree with fp32 and the CPU has instructions for it.',
    ),
  batchTimeout: duration('100ms', '1h')
    .prefault('30s')
    .describe('A detector that does not answer for this long is replaced.'),
});

const open = z
  .strictObject({
    k: whole(1, 1000).default(3).describe('An alert opens when this many of the last `n` frames are anomalous.'),
    n: whole(1, 1000).default(5).describe('The number of last frames that `k` looks at.'),
  })
  .refine(({ k, n }) => k <= n, { path: ['k'], message: 'expected at most n' });

const alert = z.strictObject({
  open: open.prefault({}).describe('When an alert opens.'),
  release: number(0.1, 1)
    .default(0.9)
    .describe('A frame counts as good again when its score is below this fraction of the threshold.'),
  goodFrames: whole(1, 10_000).default(5).describe('An alert closes after this many good frames in a row.'),
  cooldown: duration('0ms', '168h')
    .prefault('5s')
    .describe('After an alert has closed, its camera opens no new one for this long.'),
});

const megabytes = number(0, 1e7);

const evidence = z.strictObject({
  keep: z
    .boolean()
    .default(true)
    .describe("Keep each alert's worst frame, overlay and event in `stateDir`/evidence.")
    .meta(restarts('daemon')),
  maxAge: duration('1s', '87600h').prefault('720h').describe('Evidence older than this is deleted.'),
  maxSize: megabytes.default(1000).describe('The most megabytes of evidence; the oldest is deleted first.'),
  minFree: megabytes
    .default(500)
    .describe('Megabytes of the disk to keep free. With less, old evidence is deleted and nothing is written.'),
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
    topicPrefix: topic.default('kdad-edge').describe('The beginning of every topic. Give every box its own.'),
    version: z
      .literal([5, '3.1.1'])
      .transform((version) => String(version) as '5' | '3.1.1')
      .prefault(5)
      .describe('MQTT version: 5, or 3.1.1 for brokers without it.'),
    clientId: mqttText(text(256)).optional().describe('Client identifier. Without it, a random one.'),
    username: mqttText(text(1024)).optional().describe('User name at the broker.'),
    password: text(16_384).optional().describe('Password. Prefer a reference to the environment, or `passwordFile`.'),
    passwordFile: path
      .optional()
      .describe('File with the password, instead of `password`. A line break at its end does not count.'),
    ca: path
      .optional()
      .describe("PEM file of the authority that signed the broker's certificate, if it is not a public one."),
    cert: path.optional().describe("PEM file of this client's certificate, for brokers that require one."),
    key: path.optional().describe("PEM file of this client's key."),
    verdicts: z.boolean().default(false).describe('Also publish the verdict on every frame.').meta(restarts('no')),
    homeAssistant: z.boolean().default(false).describe('Let Home Assistant discover each camera; see mqtt.md.'),
    discoveryPrefix: topic.default('homeassistant').describe("The beginning of Home Assistant's discovery topics."),
    commands: z
      .boolean()
      .default(false)
      .describe(
        'Obey commands over MQTT: judge a frame, set a threshold, mute, activate a model. Everybody who may publish to their topics can do this; mqtt.md says what the broker should allow.',
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
      .describe('Address to listen on. An address that other machines can reach needs a `tokenFile`.'),
    port: whole(0, 65_535).default(9464).describe('Port. 0 means any free port.'),
    tokenFile: path
      .optional()
      .describe('File with a bearer token. Every request needs it, except `/healthz` and `/readyz`.'),
  })
  .refine(({ host, tokenFile }) => isLoopback(host) || tokenFile !== undefined, {
    path: ['host'],
    message: 'expected 127.0.0.1, ::1 or localhost, or http.tokenFile beside it',
  });

/** The whole configuration file. Each key carries its description and default; docs/configuration.md lists them. */
export const configSchema = z
  .strictObject({
    model: path.describe(
      'The model: a bundle that `kdad-edge train` wrote, or a store of versions. It judges every camera that names no model of its own.',
    ),
    stateDir: path
      .optional()
      .transform((folder) => folder ?? defaultStateFolder())
      .describe(
        'Folder for what must outlast a restart: alerts that wait for the broker, evidence, and commanded settings. By default the folder that systemd gives, or else `~/.local/state/kdad-edge`. Every daemon needs its own.',
      ),
    engine: z
      .enum(engineNames)
      .default('onnx')
      .describe('The engine that computes: `onnx` (ONNX Runtime), or `tensorflow` after `kdad-edge setup tensorflow`.'),
    device: z
      .string()
      .max(16)
      .regex(devicePattern, `expected ${DEVICES}`)
      .default('auto')
      .describe(
        'The device of the onnx engine: `cpu`, `cuda`, `tensorrt` or `webgpu`, with an index if there are several (`cuda:1`); see hardware.md. A device that does not work is an error. `auto` uses `cuda` if it is installed and works, otherwise the CPU.',
      ),
    ffmpeg: path
      .optional()
      .describe('The ffmpeg to use. Without it: FFMPEG_PATH, then the PATH, then the ones in the package.'),
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
        "The score from which a frame is anomalous, for every camera without its own: `{ factor: 1.1 }` or `{ falseAlarms: 0.5% }`. Without it, the models' own thresholds apply.",
      )
      .meta(restarts('no')),
    review: configuredReview
      .optional()
      .describe(
        'A band below the threshold. Its frames get the verdict `review` and open no alert: `{ falseAlarms: 5% }` or `{ factor: 0.9 }`. Without it, there is no band.',
      )
      .meta(restarts('no')),
    inspection: inspection.prefault({}).describe('How frames are judged.'),
    alert: alert.prefault({}).describe('When an alert opens and closes.').meta(restarts('no')),
    evidence: evidence.prefault({}).describe('What to keep of alerts on disk.').meta(restarts('no')),
    mqtt: mqtt.optional().describe('The broker that gets the alerts. Without it, only log and metrics report them.'),
    http: http.prefault({}).describe('Health, status and metrics; see operations.md.'),
    logLevel: z
      .enum(['error', 'warn', 'info', 'debug'])
      .default('info')
      .describe('The least important level that is logged.')
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
