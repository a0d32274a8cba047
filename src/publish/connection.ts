import { readFile } from 'node:fs/promises';
import mqtt, { type IClientOptions } from 'mqtt';
import { KdadError } from '../errors.js';

export interface MqttSettings {
  /** mqtt, mqtts, ws or wss. */
  readonly url: string;
  readonly topicPrefix: string;
  readonly clientId?: string;
  readonly username?: string;
  readonly password?: string;
  readonly version: '5' | '3.1.1';
  /** Milliseconds between attempts to reach the broker; 2000 when absent. */
  readonly reconnectPeriod?: number;
  /** PEM files: the authority that signed the broker's certificate, and this client's own certificate and key. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * The settings as mqtt.js takes them, certificates read.
 * @throws KdadError CONFIG_INVALID when a certificate cannot be read
 */
export async function connectionOptions(settings: MqttSettings): Promise<IClientOptions> {
  const { clientId, username, password, version, ca, cert, key, reconnectPeriod = 2000 } = settings;
  return {
    clientId,
    username,
    password,
    protocolVersion: version === '5' ? 5 : 4,
    ca: await pem(ca),
    cert: await pem(cert),
    key: await pem(key),
    reconnectPeriod,
    // BrokerClient subscribes on every connect.
    resubscribe: false,
    // Without it a broker that is still starting, or refuses the password once, would never be asked again.
    reconnectOnConnackError: true,
    connectTimeout: 10_000,
    queueQoSZero: false,
  };
}

/**
 * Connects once and takes leave again, to find out whether the broker is there and lets us in.
 * @throws KdadError BROKER_UNREACHABLE, CONFIG_INVALID
 */
export async function checkBroker(settings: MqttSettings): Promise<void> {
  // Under the daemon's own client identifier it would push a running daemon off the broker.
  const options = { ...(await connectionOptions({ ...settings, clientId: undefined })), reconnectPeriod: 0 };
  const client = mqtt.connect(settings.url, { ...options, reconnectOnConnackError: false });
  try {
    await new Promise<void>((resolve, reject) => {
      client.once('connect', () => resolve());
      client.once('error', reject);
      client.once('close', () => reject(new Error('connection closed by the broker')));
    });
  } catch (error) {
    const message = `${settings.url}: ${describeFailure(error as Error)}`;
    throw new KdadError('BROKER_UNREACHABLE', message, { cause: error });
  } finally {
    await client.endAsync(true);
  }
}

async function pem(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  return await readFile(file).catch((error: Error) => {
    throw new KdadError('CONFIG_INVALID', `mqtt: ${file} cannot be read: ${error.message}`, { cause: error });
  });
}

/** Errors of several addresses of one host come as one without a message of its own. */
export function describeFailure(error: Error): string {
  return error.message.trim() || (error as NodeJS.ErrnoException).code || error.name;
}
