import { readFile } from 'node:fs/promises';
import mqtt, { type IClientOptions, type MqttClient } from 'mqtt';
import type { CameraState } from '../camera/camera.js';
import { KdadError } from '../errors.js';
import type { AlertEvent } from '../inspection/alerts.js';
import type { Verdict } from '../inspection/verdict.js';
import { alertPayload, statePayload, topics, verdictPayload } from './topics.js';

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

export interface PublisherListener {
  onConnected(): void;
  /** The broker is not reached (any more) and is tried again; told once for each reason until it is reached. */
  onDisconnected(reason: string): void;
}

/** Milliseconds that `stop` waits for messages under way. */
const FAREWELL = 2000;

/**
 * Publishes alerts, heatmaps and states. The broker need not be there: connecting goes on in the background, alerts wait in memory
 * until it is, and heatmaps, which are of the moment, are left out meanwhile. What is retained is published again on every connect.
 */
export class MqttPublisher {
  readonly #settings: MqttSettings;
  readonly #listener: PublisherListener;
  readonly #topics: ReturnType<typeof topics>;
  readonly #model: string;
  readonly #retained = new Map<string, string>();
  #client: MqttClient | undefined;

  /** @param model name of the bundle, for the payloads */
  constructor(settings: MqttSettings, model: string, listener: PublisherListener) {
    this.#settings = settings;
    this.#model = model;
    this.#listener = listener;
    this.#topics = topics(settings.topicPrefix);
  }

  get connected(): boolean {
    return this.#client?.connected ?? false;
  }

  /** Begins to connect. @throws KdadError CONFIG_INVALID when a certificate cannot be read */
  async start(): Promise<void> {
    const { availability } = this.#topics;
    this.#retained.set(availability, 'online');
    const client = mqtt.connect(this.#settings.url, await this.#connection());
    this.#client = client;
    let failure: string | undefined;
    const told = new Set<string>();
    client.on('error', (error) => {
      failure = describe(error);
    });
    client.on('connect', () => {
      failure = undefined;
      told.clear();
      for (const [topic, payload] of this.#retained) this.#send(topic, payload, { qos: 1, retain: true });
      this.#listener.onConnected();
    });
    client.on('close', () => {
      const reason = failure ?? 'connection closed by the broker';
      failure = undefined;
      if (client.disconnecting || told.has(reason)) return;
      told.add(reason);
      this.#listener.onDisconnected(reason);
    });
  }

  /** Says good-bye to the broker, if it is there, after the messages under way. */
  async stop(): Promise<void> {
    const client = this.#client;
    if (!client) return;
    if (client.connected) {
      const farewell = client.publishAsync(this.#topics.availability, 'offline', { qos: 1, retain: true });
      await withinFarewell(farewell.then(() => client.endAsync()));
    }
    await client.endAsync(true);
    this.#client = undefined;
  }

  cameraState(camera: string, state: CameraState, reason?: string): void {
    const topic = this.#topics.state(camera);
    const payload = statePayload(state, Date.now(), reason);
    this.#retained.set(topic, payload);
    if (this.connected) this.#send(topic, payload, { qos: 1, retain: true });
  }

  alert(event: AlertEvent): void {
    this.#send(this.#topics.alert(event.camera), alertPayload(event, this.#model), { qos: 1 });
  }

  /** @param overlay JPEG of the alert's peak */
  heatmap(event: AlertEvent, overlay: Buffer): void {
    const properties = { contentType: 'image/jpeg', userProperties: { alert: event.id } };
    const modern = this.#settings.version === '5';
    this.#send(this.#topics.heatmap(event.camera), overlay, modern ? { qos: 0, properties } : { qos: 0 });
  }

  verdict(verdict: Verdict): void {
    this.#send(this.#topics.verdict(verdict.camera), verdictPayload(verdict, this.#model), { qos: 0 });
  }

  #send(topic: string, payload: string | Buffer, options: mqtt.IClientPublishOptions): void {
    this.#client?.publish(topic, payload, options, () => {
      // A message that the end of the connection overtook: mqtt.js keeps those with QoS 1 for the next one.
    });
  }

  async #connection(): Promise<IClientOptions> {
    const { clientId, username, password, version, ca, cert, key } = this.#settings;
    return {
      clientId,
      username,
      password,
      protocolVersion: version === '5' ? 5 : 4,
      ca: await pem(ca),
      cert: await pem(cert),
      key: await pem(key),
      reconnectPeriod: this.#settings.reconnectPeriod ?? 2000,
      // Without it a broker that is still starting, or refuses the password once, would never be asked again.
      reconnectOnConnackError: true,
      connectTimeout: 10_000,
      queueQoSZero: false,
      will: { topic: this.#topics.availability, payload: Buffer.from('offline'), qos: 1, retain: true },
    };
  }
}

async function pem(file: string | undefined): Promise<Buffer | undefined> {
  if (file === undefined) return undefined;
  return await readFile(file).catch((error: Error) => {
    throw new KdadError('CONFIG_INVALID', `mqtt: ${file} cannot be read: ${error.message}`, { cause: error });
  });
}

/** Errors of several addresses of one host come as one without a message of its own. */
function describe(error: Error): string {
  return error.message.trim() || (error as NodeJS.ErrnoException).code || error.name;
}

async function withinFarewell(promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, FAREWELL);
  });
  await Promise.race([promise.catch(() => {}), limit]);
  clearTimeout(timer);
}
