import mqtt, { type IClientPublishOptions, type MqttClient } from 'mqtt';
import { connectionOptions, describeFailure, type MqttSettings } from './connection.js';

export interface BrokerListener {
  onConnected(): void;
  /** The broker is not reached (any more) and is tried again; told once for each reason until it is reached. */
  onDisconnected(reason: string): void;
}

/** Milliseconds that `stop` waits for the farewell. */
const FAREWELL = 2000;

/**
 * The daemon's one connection to the broker, which others publish through. The broker need not be there: connecting goes on in the background.
 * What is retained is published again on every connect.
 */
export class BrokerClient {
  readonly #settings: MqttSettings;
  readonly #availability: string;
  readonly #listener: BrokerListener;
  readonly #retained = new Map<string, string>();
  readonly #onConnect: (() => void)[] = [];
  #client: MqttClient | undefined;

  /** @param availability topic that says `online` while we are connected, and else `offline` */
  constructor(settings: MqttSettings, availability: string, listener: BrokerListener) {
    this.#settings = settings;
    this.#availability = availability;
    this.#listener = listener;
  }

  get connected(): boolean {
    return this.#client?.connected ?? false;
  }

  /** Begins to connect. @throws KdadError CONFIG_INVALID when a certificate cannot be read */
  async start(): Promise<void> {
    this.#retained.set(this.#availability, 'online');
    const client = mqtt.connect(this.#settings.url, {
      ...(await connectionOptions(this.#settings)),
      will: { topic: this.#availability, payload: Buffer.from('offline'), qos: 1, retain: true },
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
      for (const [topic, payload] of this.#retained) this.send(topic, payload, { qos: 1, retain: true });
      this.#listener.onConnected();
      for (const call of this.#onConnect) call();
    });
    client.on('close', () => {
      const reason = failure ?? 'connection closed by the broker';
      failure = undefined;
      if (client.disconnecting || told.has(reason)) return;
      told.add(reason);
      this.#listener.onDisconnected(reason);
    });
  }

  /** Says good-bye to the broker, if it is there. */
  async stop(): Promise<void> {
    const client = this.#client;
    if (!client) return;
    if (client.connected) {
      const farewell = client.publishAsync(this.#availability, 'offline', { qos: 1, retain: true });
      await withinFarewell(farewell.then(() => client.endAsync()));
    }
    await client.endAsync(true);
    this.#client = undefined;
  }

  /** @param call on every connect, after what is retained */
  onConnect(call: () => void): void {
    this.#onConnect.push(call);
  }

  /** What holds from now on: later subscribers learn it, too. */
  retain(topic: string, payload: string): void {
    this.#retained.set(topic, payload);
    if (this.connected) this.send(topic, payload, { qos: 1, retain: true });
  }

  /**
   * Resolves when the broker has acknowledged it; with QoS 0 when it has been sent.
   * @param options its `properties` go with MQTT 5 only
   */
  async publish(topic: string, payload: string | Buffer, options: IClientPublishOptions): Promise<void> {
    if (!this.#client) throw new Error('not connected');
    const { properties, ...rest } = options;
    await this.#client.publishAsync(topic, payload, this.#settings.version === '5' ? options : rest);
  }

  /** The same, for what nobody waits for. */
  send(topic: string, payload: string | Buffer, options: IClientPublishOptions): void {
    this.publish(topic, payload, options).catch(() => {
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
