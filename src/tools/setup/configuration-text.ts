import type { CameraSource } from '../../line/camera/settings.js';
import { PASSWORD } from './address.js';

/** What a new configuration is made of. */
export interface Answers {
  /** Path of a bundle. */
  readonly model: string;
  readonly camera: { readonly name: string; readonly source: CameraSource };
  /** File of the camera's password, relative to the configuration. */
  readonly cameraPasswordFile?: string;
  /** No alerts over MQTT without it. */
  readonly broker?: { readonly url: string; readonly username?: string; readonly passwordFile?: string };
}

/** A value as YAML's flow style takes it (JSON is part of it). */
const scalar = (value: unknown): string => JSON.stringify(value);

/** A configuration with comments, ready to be edited; docs/configuration.md has the rest. */
export function configurationText({ model, camera, cameraPasswordFile, broker }: Answers): string {
  const fill = (value: unknown) =>
    typeof value === 'string' ? literal(value).replace(PASSWORD, `\${file:${cameraPasswordFile}}`) : value;
  const source = Object.entries(camera.source).map(([key, value]) => `      ${key}: ${scalar(fill(value))}`);
  return `# kdad-edge run --config kdad-edge.yaml
#
# docs/configuration.md describes every key. What is commented out shows the default.
# Paths are relative to this file. Durations have a unit: 100ms, 20s, 5m, 1h.
# \${NAME} is filled in from the environment, \${file:PATH} from a file: passwords do not belong in here.

# The folder that kdad-edge train wrote.
model: ${scalar(literal(model))}

cameras:
  - name: ${scalar(camera.name)}
    source:
${source.join('\n')}
    # fps: 10                             # judge at most so many frames a second
    # threshold: { factor: 1.1 }          # a tenth above the model's own

# When an alert opens and closes.
alert:
  open: { k: 3, n: 5 }                    # 3 of the last 5 frames anomalous: it opens
  goodFrames: 5                           # 5 good ones in a row: it closes
  # cooldown: 5s

${broker ? mqttText(broker) : noMqtt}
# Metrics and health; localhost only unless another host is named.
# http: { host: 127.0.0.1, port: 9464 }

# logLevel: info
`;
}

const noMqtt = `# Without this section only the log and the metrics tell of alerts.
# mqtt:
#   url: mqtt://127.0.0.1:1883
#   username: kdad-edge
#   passwordFile: mqtt-password
`;

function mqttText({ url, username, passwordFile }: NonNullable<Answers['broker']>): string {
  const lines = [
    'mqtt:',
    `  url: ${scalar(literal(url))}`,
    '  topicPrefix: kdad-edge                  # give every box its own',
    username ? `  username: ${scalar(literal(username))}` : '  # username: kdad-edge',
    passwordFile ? `  passwordFile: ${scalar(literal(passwordFile))}` : '  # passwordFile: mqtt-password',
  ];
  return `${lines.join('\n')}\n`;
}

/** `${` in a path or an address stands for itself. */
const literal = (text: string): string => text.replaceAll('${', () => '$${');
