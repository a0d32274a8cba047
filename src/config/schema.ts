import { homedir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { codecs } from '../camera/hardware.js';
import { defaultFirstFrameTimeout, defaultFolderFps, defaultSettle, defaultStallTimeout } from '../camera/settings.js';
import { duration, positiveDuration } from './duration.js';

/**
 * What it takes to put a changed key in force: nothing but reading the file again (SIGHUP), the same with its camera connected anew, or a
 * restart of the daemon. A section's holds for its keys, unless they have their own; without any it is `daemon`.
 */
export type Restart = 'no' | 'camera' | 'daemon';

const restarts = (restart: Restart) => ({ 'x-restart': restart });

const text = z.string().min(1);

/** systemd's, or the user's (XDG Base Directory Specification). */
function defaultStateFolder(): string {
  const { STATE_DIRECTORY, XDG_STATE_HOME } = process.env;
  // With several, systemd separates them by colons.
  if (STATE_DIRECTORY) return STATE_DIRECTORY.split(':')[0];
  return join(XDG_STATE_HOME || join(homedir(), '.local/state'), 'kdad-edge');
}

const isLoopback = (host: string): boolean =>
  host === 'localhost' || host === '::1' || /^127(\.\d{1,3}){3}$/.test(host);

const count = z.int().positive();
const ratio = z.number().positive();
const url = (schemes: string[]) =>
  z.string().regex(new RegExp(`^(${schemes.join('|')})://.`), `expected an address with ${schemes.join(':// or ')}://`);

const rtsp = z.strictObject({
  kind: z.literal('rtsp').describe('A network camera that speaks RTSP.'),
  url: url(['rtsp', 'rtsps']).describe('Address, with user and password where the camera asks for them.'),
  transport: z
    .enum(['tcp', 'udp'])
    .default('tcp')
    .describe('TCP loses no packets; UDP is for cameras that offer nothing else.'),
});

const v4l2 = z.strictObject({
  kind: z.literal('v4l2').describe('A camera that the kernel knows: USB, CSI.'),
  device: text.describe('Device file, say `/dev/video0`.'),
  size: z.tuple([count, count]).optional().describe('Width and height to ask of the device, say `[1280, 720]`.'),
  inputFps: ratio.optional().describe('Frames per second to ask of the device.'),
});

const mjpeg = z.strictObject({
  kind: z.literal('mjpeg').describe('A stream of JPEGs over HTTP.'),
  url: url(['http', 'https']).describe('Address, with user and password where the camera asks for them.'),
});

const file = z.strictObject({
  kind: z.literal('file').describe('A recorded video.'),
  path: text.describe('The video.'),
  loop: z.boolean().default(false).describe('Begin again at the end; otherwise the camera ends with the file.'),
  realtime: z
    .boolean()
    .default(true)
    .describe(
      'Play at the recorded speed; otherwise as fast as it decodes, and frames that come too fast are dropped.',
    ),
});

const folder = z.strictObject({
  kind: z.literal('folder').describe('A folder of pictures, played in the order of their names.'),
  path: text.describe('The folder.'),
  loop: z.boolean().default(false).describe('Begin again at the end; otherwise the camera ends with the last picture.'),
});

const part = z.number().min(0).max(1);

const crop = z
  .strictObject({
    left: part.default(0).describe('Where it begins from the left ...'),
    top: part.default(0).describe('... and from the top.'),
    width: part.positive().default(1).describe('How wide it is ...'),
    height: part.positive().default(1).describe('... and how high.'),
  })
  .refine(({ left, width }) => left + width <= 1.000001, { path: ['width'], message: 'expected at most 1 - left' })
  .refine(({ top, height }) => top + height <= 1.000001, { path: ['height'], message: 'expected at most 1 - top' });

const trigger = z.union(
  [
    z.enum(['continuous', 'command']),
    z.strictObject({
      every: positiveDuration.describe('The first frame of each interval of this length is judged, and no other.'),
    }),
  ],
  'expected continuous, command or { every: 10s }',
);

const camera = z.strictObject({
  name: z
    .string()
    .regex(/^[A-Za-z0-9][A-Za-z0-9_-]*$/, 'expected letters, digits, - and _ only (it is part of MQTT topics)')
    .describe('Unique name, of letters, digits, `-` and `_`; it appears in topics, metrics and logs.'),
  source: z
    .discriminatedUnion('kind', [rtsp, v4l2, mjpeg, file, folder], {
      error: (issue) => (issue.code === 'invalid_union' ? 'expected rtsp, v4l2, mjpeg, file or folder' : undefined),
    })
    .describe('Where the frames come from.'),
  fps: ratio
    .optional()
    .describe(`At most so many frames a second are judged; all of them when absent (of a folder ${defaultFolderFps}).`),
  rotate: z
    .literal([0, 90, 180, 270])
    .default(0)
    .describe('The picture is turned clockwise by so many degrees, before anything else.'),
  crop: crop
    .optional()
    .describe(
      'The part of the picture that is looked at, in parts of its width and height, from 0 to 1. Train on the same part.',
    ),
  ignore: z
    .array(z.array(z.tuple([part, part])).min(3, 'expected at least three corners'))
    .optional()
    .describe(
      'Areas that never count, each a list of corners `[x, y]` in parts of the (turned and cut) picture, say `[[0, 0], [0.2, 0], [0, 0.2]]`.',
    )
    .meta(restarts('no')),
  trigger: trigger
    .prefault('continuous')
    .describe(
      'Which frames are judged: all of them (`continuous`), one of each interval (`{ every: 10s }`), or only those asked for over MQTT (`command`, see mqtt.md). The camera stays connected; frames not judged are counted. `alert` counts judged frames only.',
    ),
  model: text
    .optional()
    .describe(
      'The model that judges this camera, where it looks at another product. Every model has a process of its own.',
    ),
  threshold: ratio
    .optional()
    .describe('Score from which a frame is anomalous, instead of the one of the model.')
    .meta(restarts('no')),
  stallTimeout: positiveDuration
    .prefault(`${defaultStallTimeout / 1000}s`)
    .describe('A source that sends no frame for so long counts as lost.'),
  firstFrameTimeout: positiveDuration
    .prefault(`${defaultFirstFrameTimeout / 1000}s`)
    .describe('The same for the first frame after a connection.'),
  decoder: z
    .enum(['none', 'auto', 'cuda', 'jetson', 'jetson-nvmpi', 'jetson-v4l2m2m', 'vaapi'])
    .default('none')
    .describe(
      'Hardware that decodes the video: `auto` takes what decodes a second of video here; where the one asked for does not, the processor decodes, and log and metrics say so.',
    ),
  codec: z.enum(codecs).default('h264').describe('What the camera sends; only a hardware decoder needs to know.'),
  settle: duration
    .prefault(`${defaultSettle}ms`)
    .describe(
      'Frames of a live source are not judged for so long after a connection: the first ones are often broken.',
    ),
});

const inspection = z.strictObject({
  maxBatch: count
    .default(8)
    .describe('Frames judged at once at most, over all cameras (and no more than the model allows).'),
  maxWait: duration.prefault('20ms').describe('A frame waits at most so long for others to share its batch.'),
  queue: count
    .default(4)
    .describe('Frames of one camera that wait at most; when one more comes, the oldest is dropped and counted.'),
  threads: z.int().nonnegative().default(0).describe('Threads of the detector; 0 takes every core.'),
  batchTimeout: positiveDuration
    .prefault('30s')
    .describe('A detector that has not answered for so long hangs, and is replaced.'),
});

const open = z
  .strictObject({
    k: count.default(3).describe('An alert opens when so many ...'),
    n: count.default(5).describe('... of the last so many frames were anomalous.'),
  })
  .refine(({ k, n }) => k <= n, { path: ['k'], message: 'expected at most n' });

const alert = z.strictObject({
  open: open.prefault({}).describe('When an alert opens.'),
  release: ratio
    .max(1, 'expected at most 1')
    .default(0.9)
    .describe('A frame counts as good again when its score is below this share of the threshold.'),
  goodFrames: count.default(5).describe('An alert closes after so many good frames in a row.'),
  cooldown: duration.prefault('5s').describe('After an alert closed, its camera opens no new one for so long.'),
});

const megabytes = z.number().nonnegative();

const evidence = z.strictObject({
  keep: z
    .boolean()
    .default(true)
    .describe("Keep each alert's worst frame, overlay and event in `stateDir`/evidence.")
    .meta(restarts('daemon')),
  maxAge: positiveDuration.prefault('720h').describe('Evidence is taken away after so long.'),
  maxSize: megabytes.default(1000).describe('Megabytes that all evidence may take; the oldest goes first.'),
  minFree: megabytes
    .default(500)
    .describe('Megabytes of the disk that stay free: with less, old evidence goes, and nothing is written.'),
});

const topic = z.string().regex(/^[^+#\0/]+(\/[^+#\0/]+)*$/, 'expected a topic without +, # and empty levels');

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
    clientId: text.optional().describe('Client identifier; one at random when absent.'),
    username: text.optional().describe('User name at the broker.'),
    password: text.optional().describe('Password; better a reference to the environment, or `passwordFile`.'),
    passwordFile: text
      .optional()
      .describe('File that holds the password, instead of `password`; a line break at its end does not count.'),
    ca: text
      .optional()
      .describe("PEM file of the authority that signed the broker's certificate, where it is not a public one."),
    cert: text.optional().describe("PEM file of this client's certificate, for brokers that ask for one."),
    key: text.optional().describe("PEM file of this client's key."),
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
  });

const http = z
  .strictObject({
    host: text
      .default('127.0.0.1')
      .describe('Address to listen on; one that other machines can reach needs a `tokenFile`.'),
    port: z.int().min(0).max(65535).default(9464).describe('Port; 0 takes any free one.'),
    tokenFile: text
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
    model: text.describe(
      'The bundle, the folder that `kdad-edge train` wrote, or a store of versions; for every camera that names none of its own.',
    ),
    stateDir: text
      .optional()
      .transform((folder) => folder ?? defaultStateFolder())
      .describe(
        'Folder for what must outlast a restart: alerts that the broker has not got yet, evidence, and what was commanded for cameras. By default the one that systemd gives, else `~/.local/state/kdad-edge`. Every daemon needs its own.',
      ),
    ffmpeg: text.optional().describe('The ffmpeg to use; otherwise FFMPEG_PATH, the PATH, then the packaged ones.'),
    cameras: z
      .array(camera)
      .min(1, 'expected at least one camera')
      .superRefine((cameras, context) => {
        for (const [i, { name }] of cameras.entries()) {
          const first = cameras.findIndex((other) => other.name === name);
          const message = `expected a name of its own (camera ${first + 1} has it)`;
          if (first < i) context.addIssue({ code: 'custom', path: [i, 'name'], message });
        }
      })
      .describe('The cameras to watch.')
      .meta(restarts('camera')),
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
  .superRefine(({ cameras, mqtt }, context) => {
    const message = 'expected mqtt.commands: true with it, else nothing is ever judged';
    for (const [i, { trigger }] of cameras.entries()) {
      if (trigger !== 'command' || mqtt?.commands) continue;
      context.addIssue({ code: 'custom', path: ['cameras', i, 'trigger'], message });
    }
  });

type Parsed = z.infer<typeof configSchema>;

/** A configuration with every default filled in; durations in milliseconds, paths absolute, secrets read from their files. */
export type Config = Parsed & { readonly http: { readonly token?: string } };
export type CameraConfig = Config['cameras'][number];
