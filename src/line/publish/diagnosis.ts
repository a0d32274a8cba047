import { connect as connectPlain } from 'node:net';
import { connect as connectTls } from 'node:tls';
import mqtt, { type IConnackPacket } from 'mqtt';
import { connectionOptions, type MqttSettings } from './connection.js';
import type { Ending } from './link.js';

/** Milliseconds for a look at what a port speaks. */
const LOOK = 3000;

export interface Circumstances {
  /** The broker had let us in. */
  readonly wasConnected: boolean;
  /** It has hung up soon after that, several times in a row. */
  readonly wasShort: boolean;
}

/**
 * Why a connection ended, or did not come about, in words that say what to do. Where the broker said nothing, another
 * look tells, without credentials: whether its port speaks TLS, plain MQTT, or another version of it.
 */
export async function explain(
  { reason, code, error, firstBytes }: Ending,
  settings: MqttSettings,
  { wasConnected, wasShort }: Circumstances,
  signal?: AbortSignal,
): Promise<string> {
  const add = (advice: string | undefined) => (advice === undefined ? reason : `${reason}: ${advice}`);
  if (wasConnected) return add(afterConnack(code, settings, wasShort));
  if (code !== undefined) return add(ofConnack(code, settings));
  const certificate = ofCertificate(error, settings);
  if (certificate !== undefined) return add(certificate);
  return unreachable.test(String(codeOf(error))) ? reason : add(await look(settings, firstBytes, signal));
}

const codeOf = (error?: Error): unknown => (error as NodeJS.ErrnoException | undefined)?.code;

/** Codes of Node for what never got as far as the broker. */
const unreachable = /^(ECONNREFUSED|ENOTFOUND|EAI_\w+|EHOSTUNREACH|ENETUNREACH|ETIMEDOUT|EACCES|EPERM|EMFILE|ENFILE)$/;

const identifier = ({ clientId }: MqttSettings): string =>
  `another client has the client identifier "${clientId}" (mqtt.clientId): give every client its own, or leave it out`;

function afterConnack(code: number | undefined, settings: MqttSettings, wasShort: boolean): string | undefined {
  if (settings.clientId === undefined) return undefined;
  if (code === 0x8e) return identifier(settings);
  return code === undefined && wasShort
    ? `soon after it had let us in, several times: maybe ${identifier(settings)}`
    : undefined;
}

/** OASIS MQTT 3.1.1, section 3.2.2.3, and MQTT 5.0, section 3.2.2.2. */
function ofConnack(code: number, { version, clientId, username }: MqttSettings): string | undefined {
  const user = username === undefined ? 'without mqtt.username' : `as ${username}`;
  switch (code) {
    case 1:
    case 0x84:
      return `the broker does not speak MQTT ${version}: set mqtt.version: ${version === '5' ? '3.1.1' : '5'}`;
    case 2:
    case 0x85:
      return `set another mqtt.clientId than ${clientId ?? 'one at random'}`;
    case 4:
    case 5:
    case 0x86:
    case 0x87:
      return `the broker does not let us in ${user}: check mqtt.username and the password`;
    default:
      return undefined;
  }
}

/** Codes of Node (OpenSSL) for a certificate that is not trusted. */
function ofCertificate(error: Error | undefined, { ca, url }: MqttSettings): string | undefined {
  switch (codeOf(error)) {
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
    case 'CERT_SIGNATURE_FAILURE':
      return ca === undefined
        ? "no public authority signed the broker's certificate: name the file of the one that did in mqtt.ca"
        : `the authority in mqtt.ca (${ca}) did not sign the broker's certificate: name the file of the one that did`;
    case 'CERT_HAS_EXPIRED':
      return "the broker's certificate has ended: renew it there, and check the clock here";
    case 'CERT_NOT_YET_VALID':
      return "the broker's certificate is not valid yet: check the clock here and there";
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return `the broker's certificate is for another name: name it in mqtt.url (${url}) as the certificate does`;
    default:
      return undefined;
  }
}

async function look(settings: MqttSettings, firstBytes: Buffer, signal?: AbortSignal): Promise<string | undefined> {
  if (signal?.aborted) return undefined;
  const { url, version } = settings;
  const { protocol } = new URL(url);
  const text = firstBytes.toString('latin1');
  if (/^HTTP\//.test(text))
    return `the port speaks HTTP: name that of MQTT in mqtt.url, or ws:// for MQTT over WebSocket`;
  const encrypted = protocol === 'mqtts:' || protocol === 'wss:';
  if (!encrypted && (isTls(firstBytes) || (await speaksTls(settings, signal)))) {
    return `the port speaks TLS: set mqtt.url to ${url.replace(protocol, protocol === 'mqtt:' ? 'mqtts:' : 'wss:')}`;
  }
  const plain = protocol.replace(/s:$/, ':');
  const change = `set mqtt.url to ${url.replace(protocol, plain)}`;
  if (encrypted && (await speaksMqtt({ ...settings, url: url.replace(protocol, plain) }, signal))) {
    return `the port speaks MQTT without TLS: ${change}, or name the port of TLS`;
  }
  if (signal?.aborted) return undefined;
  const other = version === '5' ? '3.1.1' : '5';
  if (await speaksMqtt({ ...settings, version: other }, signal)) {
    return `the broker speaks MQTT ${other} only: set mqtt.version: ${other}`;
  }
  return undefined;
}

/** A record of TLS (RFC 8446, section 5.1): an alert or a handshake, of version 3.x. */
const isTls = ([type, major]: Buffer): boolean => (type === 0x15 || type === 0x16) && major === 3;

function speaksTls({ url }: MqttSettings, signal?: AbortSignal): Promise<boolean> {
  const { hostname, port, protocol } = new URL(url);
  const host = hostname.replace(/^\[|\]$/g, '');
  const plain = connectPlain({ host, port: Number(port) || (protocol === 'ws:' ? 80 : 1883) });
  const socket = connectTls({ socket: plain, rejectUnauthorized: false });
  return within(
    (found) => {
      for (const each of [plain, socket]) each.on('error', () => found(false)).on('close', () => found(false));
      socket.on('secureConnect', () => found(true));
    },
    () => {
      socket.destroy();
      plain.destroy();
    },
    signal,
  );
}

/** Whether there is an answer to CONNECT, be it a refusal; without our name and password. */
async function speaksMqtt(settings: MqttSettings, signal?: AbortSignal): Promise<boolean> {
  const { version, url } = settings;
  const options = await connectionOptions({ url, version, topicPrefix: '', ...certificatesOf(settings) });
  const client = mqtt.connect(url, options);
  return within(
    (found) => {
      client.on('packetreceive', (answer) => found(answer.cmd === 'connack' && !isOtherVersion(answer)));
      client.on('close', () => found(false));
    },
    () => client.end(true),
    signal,
  );
}

const certificatesOf = ({ url, ca, cert, key }: MqttSettings) => (/^(mqtts|wss):/.test(url) ? { ca, cert, key } : {});

const isOtherVersion = ({ returnCode, reasonCode }: IConnackPacket): boolean =>
  returnCode === 1 || reasonCode === 1 || reasonCode === 0x84;

function within(
  start: (found: (answer: boolean) => void) => void,
  end: () => void,
  signal?: AbortSignal,
): Promise<boolean> {
  return new Promise<boolean>((resolve) => {
    const timer = setTimeout(() => resolve(false), LOOK);
    signal?.addEventListener('abort', () => resolve(false), { once: true });
    start((answer) => {
      clearTimeout(timer);
      resolve(answer);
    });
  }).finally(end);
}
