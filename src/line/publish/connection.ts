import { X509Certificate } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { createSecureContext } from 'node:tls';
import type { IClientOptions } from 'mqtt';
import { KdadError } from '../../common/errors.js';
import { LARGEST_PACKET } from './packet-limit.js';

/** Milliseconds between attempts to reach the broker. */
export const RECONNECT_PERIOD = 2000;

export interface MqttSettings {
  /** mqtt, mqtts, ws or wss. */
  readonly url: string;
  readonly topicPrefix: string;
  readonly clientId?: string;
  readonly username?: string;
  readonly password?: string;
  readonly version: '5' | '3.1.1';
  /** Milliseconds between attempts to reach the broker; `RECONNECT_PERIOD` when absent. */
  readonly reconnectPeriod?: number;
  /** Milliseconds that the broker may take to answer; 20 s when absent. */
  readonly answerTimeout?: number;
  /** PEM files: the authority that signed the broker's certificate, and this client's own certificate and key. */
  readonly ca?: string;
  readonly cert?: string;
  readonly key?: string;
}

/**
 * The settings as mqtt.js takes them for one connection that is not mended, certificates read.
 * @throws KdadError CONFIG_INVALID when a certificate cannot be read or used
 */
export async function connectionOptions(settings: MqttSettings): Promise<IClientOptions> {
  const { clientId, username, password, version } = settings;
  return {
    clientId,
    username,
    password,
    protocolVersion: version === '5' ? 5 : 4,
    ...(version === '5' && { properties: { maximumPacketSize: LARGEST_PACKET } }),
    ...(await certificates(settings)),
    reconnectPeriod: 0,
    resubscribe: false,
    connectTimeout: 10_000,
    queueQoSZero: false,
  };
}

/** Node takes what is no certificate without a word, and tells nobody which file it is that does not fit. */
async function certificates({ ca, cert, key }: MqttSettings): Promise<Pick<IClientOptions, 'ca' | 'cert' | 'key'>> {
  const read = { ca: await pem(ca), cert: await pem(cert), key: await pem(key) };
  refuseUnlessCertificate('ca', ca, read.ca);
  refuseUnlessCertificate('cert', cert, read.cert);
  try {
    createSecureContext(read);
  } catch (cause) {
    const files = [cert, key].filter((file) => file !== undefined).join(' and ');
    const text = `mqtt.cert and mqtt.key: ${files}: expected a certificate and its key, not encrypted: ${(cause as Error).message}`;
    throw new KdadError('CONFIG_INVALID', text, { cause });
  }
  return read;
}

function refuseUnlessCertificate(name: string, file: string | undefined, contents: Buffer | undefined): void {
  if (!contents) return;
  try {
    new X509Certificate(contents);
  } catch (cause) {
    throw new KdadError('CONFIG_INVALID', `mqtt.${name}: ${file}: expected a certificate in PEM`, { cause });
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
