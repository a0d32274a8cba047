import mqtt, { type IClientPublishOptions, type MqttClient } from 'mqtt';
import { connectionOptions, describeFailure, type MqttSettings } from './connection.js';

export interface BrokerListener {
  onConnected(): void;
  /** The broker is not reached (any more) and is tried again; told once for each reason until it is reached. */
  onDisconnected(reason: string): void;
}

/** A message that came. */
export interface Received {
  readonly topic: string;
  readonly payload: Buffer;
  /** The broker had kept it from before we subscribed. */
  readonly retained: boolean;
  /** Where the sender expects a reply, and what it recognises it by (MQTT 5). */
  readonly responseTopic?: string;
  readonly correlationData?: Buffer;
}

export interface Subscriber {
  onMessage(message: Received): void;
  /** The broker does not let us subscribe. */
  onRefused(reason: string): void;
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
  /** By filter. */
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #onConnect: (() => void)[] = [];
  #client: MqttClient | undefined;

  /** @param availability topic that says `online` while we are connected, and else `offline` */
  constructor(settings: MqttSettings, availability: string, listener: BrokerListener) {
    this.#settings = settings;
    this.#availability = availability;
    this.#listener = listener;
  }

  /** What every topic begins with. */
  get topicPrefix(): string {
    return this.#settings.topicPrefix;
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
      for (const filter of this.#subscribers.keys()) this.#subscribe(client, filter);
      this.#listener.onConnected();
      for (const call of this.#onConnect) call();
    });
    client.on('message', (topic, payload, { retain: retained, properties }) => {
      const { responseTopic, correlationData } = properties ?? {};
      for (const [filter, { onMessage }] of this.#subscribers) {
        if (matches(filter, topic)) onMessage({ topic, payload, retained, responseTopic, correlationData });
      }
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

  /** Now, and on every connect. @param filter may have `+` for a level, no `#` */
  subscribe(filter: string, subscriber: Subscriber): void {
    this.#subscribers.set(filter, subscriber);
    if (this.#client?.connected) this.#subscribe(this.#client, filter);
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

  #subscribe(client: MqttClient, filter: string): void {
    client.subscribe(filter, { qos: 1 }, (error) => {
      if (error && client.connected) this.#subscribers.get(filter)?.onRefused(`${filter}: ${describeFailure(error)}`);
    });
  }
}

function matches(filter: string, topic: string): boolean {
  const levels = topic.split('/');
  const expected = filter.split('/');
  return levels.length === expected.length && expected.every((level, i) => level === '+' || level === levels[i]);
}

async function withinFarewell(promise: Promise<unknown>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const limit = new Promise((resolve) => {
    timer = setTimeout(resolve, FAREWELL);
  });
  await Promise.race([promise.catch(() => {}), limit]);
  clearTimeout(timer);
}
