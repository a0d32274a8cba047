import mqtt, { type MqttClient } from 'mqtt';
import type { CameraState } from '../camera/camera.js';
import type { AlertEvent } from '../inspection/alerts.js';
import type { Verdict } from '../inspection/verdict.js';
import { connectionOptions, describeFailure, type MqttSettings } from './connection.js';
import { alertPayload, statePayload, topics, verdictPayload } from './topics.js';

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
    const client = mqtt.connect(this.#settings.url, {
      ...(await connectionOptions(this.#settings)),
      will: { topic: availability, payload: Buffer.from('offline'), qos: 1, retain: true },
    });
    this.#client = client;
    let failure: string | undefined;
    const told = new Set<string>();
    client.on('error', (error) => {
      failure = describeFailure(error);
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
}

async function withinFarewell(promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, FAREWELL);
  });
  await Promise.race([promise.catch(() => {}), limit]);
  clearTimeout(timer);
}
