import mqtt, { type MqttClient } from 'mqtt';
import type { CameraState } from '../camera/camera.js';
import { steadyNow } from '../clock.js';
import type { AlertEvent } from '../inspection/alerts.js';
import type { Verdict } from '../inspection/verdict.js';
import { connectionOptions, describeFailure, type MqttSettings } from './connection.js';
import { Courier } from './courier.js';
import type { Outbox, OutboxMessage } from './outbox.js';
import { alertPayload, type ModelName, statePayload, topics, verdictPayload } from './topics.js';

export interface PublisherListener {
  onConnected(): void;
  /** The broker is not reached (any more) and is tried again; told once for each reason until it is reached. */
  onDisconnected(reason: string): void;
  /** The outbox cannot be used any more: alerts are sent without it, and lost where the broker is away. */
  onOutboxFailure(error: Error): void;
}

/** Milliseconds that `stop` waits for messages under way. */
const FAREWELL = 2000;

/**
 * Publishes alerts, heatmaps and states. The broker need not be there: connecting goes on in the background, and alerts with their heatmaps
 * wait in the outbox until it is. What is retained is published again on every connect.
 */
export class MqttPublisher {
  readonly #settings: MqttSettings;
  readonly #listener: PublisherListener;
  readonly #topics: ReturnType<typeof topics>;
  readonly #model: () => ModelName;
  readonly #retained = new Map<string, string>();
  readonly #outbox: Outbox;
  readonly #courier: Courier;
  #client: MqttClient | undefined;

  /**
   * @param model the bundle that judges now, for the payloads
   * @param outbox is started before, and stopped after us
   */
  constructor(settings: MqttSettings, model: () => ModelName, outbox: Outbox, listener: PublisherListener) {
    this.#settings = settings;
    this.#model = model;
    this.#listener = listener;
    this.#topics = topics(settings.topicPrefix);
    this.#outbox = outbox;
    this.#courier = new Courier({
      outbox,
      connected: () => this.connected,
      deliver: (message, late) => this.#deliver(message, late),
      onFailure: (error) => listener.onOutboxFailure(error),
    });
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
      this.#courier.wake();
    });
    this.#courier.start();
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
    await this.#courier.emptied(FAREWELL);
    await this.#courier.stop();
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

  /** Resolves when the alert is on disk: from then on it is not lost. */
  alert(event: AlertEvent): Promise<void> {
    const payload = Buffer.from(alertPayload(event, this.#model()));
    return this.#post({
      kind: 'alert',
      topic: this.#topics.alert(event.camera),
      payload,
      alert: event.id,
      madeAt: steadyNow(),
    });
  }

  /** @param overlay JPEG of the alert's peak */
  heatmap(event: AlertEvent, overlay: Buffer): Promise<void> {
    const topic = this.#topics.heatmap(event.camera);
    return this.#post({ kind: 'heatmap', topic, payload: overlay, alert: event.id, madeAt: steadyNow() });
  }

  verdict(verdict: Verdict): void {
    this.#send(this.#topics.verdict(verdict.camera), verdictPayload(verdict, this.#model()), { qos: 0 });
  }

  /** Into the outbox, and from there to the broker; past it where it cannot be used. */
  #post(message: OutboxMessage): Promise<void> {
    return this.#outbox.add(message).then(
      () => this.#courier.wake(),
      (error: Error) => {
        this.#listener.onOutboxFailure(error);
        this.#deliver(message, false).catch(() => {});
      },
    );
  }

  /** Resolves when the broker has acknowledged it; a heatmap when it has been sent. */
  async #deliver({ kind, topic, payload, alert }: OutboxMessage, late: boolean): Promise<void> {
    if (!this.#client) throw new Error('not connected');
    if (kind === 'alert') {
      const marked = late ? JSON.stringify({ ...JSON.parse(payload.toString()), late: true }) : payload;
      await this.#client.publishAsync(topic, marked, { qos: 1 });
      return;
    }
    const properties = { contentType: 'image/jpeg', userProperties: { alert, ...(late && { late: 'true' }) } };
    const modern = this.#settings.version === '5';
    await this.#client.publishAsync(topic, payload, modern ? { qos: 0, properties } : { qos: 0 });
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
