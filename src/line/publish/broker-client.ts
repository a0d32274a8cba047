import { setTimeout as sleep } from 'node:timers/promises';
import type { IClientPublishOptions } from 'mqtt';
import { connectionOptions, type MqttSettings, RECONNECT_PERIOD } from './connection.js';
import { explain } from './diagnosis.js';
import { type Ending, Link, LinkLost, type Received, type Will } from './link.js';
import { Refusal } from './refusal.js';
import { ShunnedTopics } from './shunned-topics.js';
import { Suspicions } from './suspicions.js';

export type { Received } from './link.js';

export interface BrokerListener {
  onConnected(): void;
  /** The connection has ended, whatever is told of that. */
  onEnded?(): void;
  /** The broker is not reached (any more) and is tried again; told once for each reason until it is reached. */
  onDisconnected(reason: string): void;
  /** The broker does not take what belongs to a topic, and nobody else tells of it; told once until it does. */
  onRefused?(topic: string, reason: string): void;
  /** The broker cannot do all that we would have it do; told once for each. */
  onWarning?(warning: string): void;
  /** Something is to be retained at a topic. */
  onRetained?(topic: string): void;
  /** Nothing is retained at a topic any more, as was wanted. */
  onForgotten?(topic: string): void;
}

export interface Subscriber {
  onMessage(message: Received): void;
  /** The broker does not let us subscribe. */
  onRefused(reason: string): void;
}

/** Milliseconds that `stop` waits for `offline` to be published and for DISCONNECT. */
const FAREWELL = 2000;
/** Milliseconds before what the broker had no room for is sent again. */
const AGAIN = 5000;
/** Milliseconds below which a connection was short, and how many of those in a row are no accident. */
const SHORT = 10_000;
const NO_ACCIDENT = 3;
/** Messages with acknowledgement that wait for a connection at most. */
const MOST_WAITING = 64;

interface Waiting {
  readonly topic: string;
  readonly payload: string | Buffer;
  readonly options: IClientPublishOptions;
}

/**
 * The daemon's way to the broker, which others publish through. The broker need not be there: connecting goes on in the
 * background, one `Link` after the other. What is retained is published again on every connect.
 */
export class BrokerClient {
  readonly #settings: MqttSettings;
  readonly #availability: string;
  readonly #listener: BrokerListener;
  readonly #retained = new Map<string, string>();
  /** Messages that the broker has not acknowledged. */
  readonly #waiting = new Set<Waiting>();
  /** By filter. */
  readonly #subscribers = new Map<string, Subscriber>();
  readonly #onConnect: (() => void)[] = [];
  readonly #suspicions = new Suspicions();
  readonly #shunned = new ShunnedTopics();
  #knownRefusals: ReadonlyMap<string, string> = new Map();
  /** What was told: reasons why the broker is not reached, topics that it refused, what it cannot do. */
  readonly #told = new Set<string>();
  readonly #refused = new Set<string>();
  readonly #warned = new Set<string>();
  #link: Link | undefined;
  /** Connections in a row that were short. */
  #short = 0;
  #oneByOne = false;
  /** As the broker takes it: some keep nothing, or acknowledge nothing. */
  #will: Pick<Will, 'qos' | 'retain'> = { qos: 1, retain: true };
  #stopping = new AbortController();
  #running: Promise<void> = Promise.resolve();

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
    return this.#link?.isOpen ?? false;
  }

  /** Begins to connect. @throws KdadError CONFIG_INVALID when a certificate cannot be used */
  async start(): Promise<void> {
    await connectionOptions(this.#settings);
    this.retain(this.#availability, 'online');
    this.#stopping = new AbortController();
    this.#running = this.#run(this.#stopping.signal);
  }

  /** Publishes `offline` and disconnects, if the broker is connected. */
  async stop(): Promise<void> {
    this.#stopping.abort();
    const link = this.#link;
    if (link) {
      const farewell = this.#takeLeave(link);
      const enough = new AbortController();
      await Promise.race([farewell, sleep(FAREWELL, undefined, { signal: enough.signal }).catch(() => {})]);
      enough.abort();
      link.cut('stopped');
    }
    await this.#running;
  }

  /** @param call on every connect */
  onConnect(call: () => void): void {
    this.#onConnect.push(call);
  }

  /** Now, and on every connect. @param filter may have `+` for a level, no `#` */
  subscribe(filter: string, subscriber: Subscriber): void {
    this.#subscribers.set(filter, subscriber);
    if (this.connected) void this.#subscribe(filter);
  }

  /** What holds from now on: later subscribers learn it, too. Nothing (`''`) is kept once the broker has got that. */
  retain(topic: string, payload: string): void {
    this.#retained.set(topic, payload);
    if (payload !== '') this.#listener.onRetained?.(topic);
    if (this.connected) void this.#sendRetained(topic, payload);
  }

  /**
   * Resolves when the broker has acknowledged it; with QoS 0 when it has been sent.
   * @param options its `properties` go with MQTT 5 only
   * @param key by which it is known again when it has to be sent again
   * @throws Refusal when the broker does not take it; LinkLost when it may have arrived or not
   */
  async publish(topic: string, payload: string | Buffer, options: IClientPublishOptions, key = topic): Promise<void> {
    const reason = this.#knownRefusals.get(topic);
    const brokerTells = this.#settings.version === '5' && options.qos;
    if (reason !== undefined && !brokerTells) throw new Refusal('message', reason);
    const shunned = this.#shunned.refusalOf(topic);
    if (shunned) throw shunned;
    // One that was tried before, and is given up.
    if (this.connected && this.#suspicions.refusalOf(`publish ${key}`)) this.#shunned.blame(topic);
    await this.#ask(`publish ${key}`, (link) => link.publish(topic, payload, options));
    this.#shunned.clear(topic);
  }

  /** The same, for what nobody waits for. With QoS 0 it goes now or never, else it waits for a connection. */
  send(topic: string, payload: string | Buffer, options: IClientPublishOptions): void {
    if (!options.qos) {
      const refusal = this.#suspicions.refusalOf(`publish ${topic}`);
      if (refusal) this.#tellRefused(topic, refusal.message);
      else this.#link?.write(topic, payload, options);
      return;
    }
    const message = { topic, payload, options };
    this.#waiting.add(message);
    const [oldest] = this.#waiting;
    if (this.#waiting.size > MOST_WAITING) this.#waiting.delete(oldest);
    if (this.connected) void this.#sendWaiting(message);
  }

  /**
   * @param refusals by topic: what was found out otherwise, since MQTT 3.1.1 acknowledges also what the broker throws
   *   away, and nobody tells what becomes of messages without acknowledgement
   */
  knowRefusals(refusals: ReadonlyMap<string, string>): void {
    this.#knownRefusals = refusals;
  }

  async #run(stopping: AbortSignal): Promise<void> {
    const { reconnectPeriod = RECONNECT_PERIOD } = this.#settings;
    while (!stopping.aborted) {
      try {
        await this.#connectOnce(stopping);
      } catch (error) {
        // Certificates are read anew each time, and may have gone.
        this.#tell((error as Error).message);
      }
      await sleep(reconnectPeriod, undefined, { signal: stopping }).catch(() => {});
    }
  }

  /** Until the connection ends. */
  async #connectOnce(stopping: AbortSignal): Promise<void> {
    const will = { ...this.#will, topic: this.#availability, payload: Buffer.from('offline') };
    const link = await Link.open(this.#settings, { will, signal: stopping, oneByOne: this.#oneByOne });
    if (stopping.aborted) return;
    if (link instanceof Link) {
      const begin = performance.now();
      this.#begin(link);
      const ending = await link.ended;
      this.#link = undefined;
      this.#listener.onEnded?.();
      // What the broker hung up on is found out over the next connections.
      this.#oneByOne = link.leftUnanswered;
      for (const topic of link.proven) this.#suspicions.clear(`publish ${topic}`);
      for (const topic of link.unproven) this.#suspicions.blame(`publish ${topic}`);
      if (stopping.aborted) return;
      this.#short = performance.now() - begin < SHORT ? this.#short + 1 : 0;
      if (this.#short < NO_ACCIDENT) this.#told.clear();
      await this.#tellEnding(ending, true);
      return;
    }
    // What the broker cannot do is in the last will, too.
    if (link.code === 0x9a) this.#will = { ...this.#will, retain: false };
    if (link.code === 0x9b) this.#will = { ...this.#will, qos: 0 };
    await this.#tellEnding(link, false);
  }

  #begin(link: Link): void {
    this.#link = link;
    if (this.#short < NO_ACCIDENT) this.#told.clear();
    link.receive((message) => {
      for (const [filter, { onMessage }] of this.#subscribers) if (matches(filter, message.topic)) onMessage(message);
    });
    const { retains, maximumQoS } = link.limits;
    if (!retains) this.#warn('the broker retains nothing: who subscribes later does not learn what holds');
    if (maximumQoS === 0) this.#warn('the broker takes QoS 0 only: alerts may be lost with the connection');
    for (const [topic, payload] of this.#retained) void this.#sendRetained(topic, payload);
    for (const message of this.#waiting) void this.#sendWaiting(message);
    this.#listener.onConnected();
    for (const filter of this.#subscribers.keys()) void this.#subscribe(filter);
    for (const call of this.#onConnect) call();
  }

  async #sendRetained(topic: string, payload: string): Promise<void> {
    const taken = await this.#offer(topic, payload, { qos: 1, retain: true });
    const holds = this.#retained.get(topic) === payload;
    if (taken === 'later' && holds) setTimeout(() => this.#sendAgain(topic, payload), AGAIN).unref();
    if (taken === 'lost' || taken === 'later' || payload !== '' || !holds) return;
    this.#retained.delete(topic);
    this.#listener.onForgotten?.(topic);
  }

  #sendAgain(topic: string, payload: string): void {
    if (this.#retained.get(topic) === payload && this.connected) void this.#sendRetained(topic, payload);
  }

  async #sendWaiting(message: Waiting): Promise<void> {
    const { topic, payload, options } = message;
    const taken = await this.#offer(topic, payload, options);
    if (taken !== 'lost') this.#waiting.delete(message);
  }

  async #offer(
    topic: string,
    payload: string | Buffer,
    options: IClientPublishOptions,
  ): Promise<'taken' | 'refused' | 'later' | 'lost'> {
    try {
      await this.publish(topic, payload, options);
      this.#refused.delete(topic);
      return 'taken';
    } catch (error) {
      if (!(error instanceof Refusal)) return 'lost';
      this.#tellRefused(topic, error.message);
      return error.kind === 'message' ? 'refused' : 'later';
    }
  }

  async #subscribe(filter: string): Promise<void> {
    try {
      await this.#ask(`subscribe ${filter}`, (link) => link.subscribe(filter));
    } catch (error) {
      if (error instanceof Refusal) this.#subscribers.get(filter)?.onRefused(`${filter}: ${error.message}`);
    }
  }

  /** @param key of what is sent, however often */
  async #ask(key: string, work: (link: Link) => Promise<void>): Promise<void> {
    const link = this.#link;
    if (!link?.isOpen) throw new LinkLost('not connected');
    const refusal = this.#suspicions.refusalOf(key);
    if (refusal) throw refusal;
    try {
      await work(link);
      this.#suspicions.clear(key);
    } catch (error) {
      if (error instanceof LinkLost && error.suspect) this.#suspicions.blame(key);
      throw error;
    }
  }

  async #takeLeave(link: Link): Promise<void> {
    await link.publish(this.#availability, 'offline', { qos: 1, retain: true }).catch(() => {});
    await link.close().catch(() => {});
  }

  async #tellEnding(ending: Ending, wasConnected: boolean): Promise<void> {
    const wasShort = wasConnected && this.#short >= NO_ACCIDENT;
    const what = wasShort ? `${ending.reason}, again and again` : ending.reason;
    if (this.#told.has(what)) return;
    this.#told.add(what);
    const reason = await explain(ending, this.#settings, { wasConnected, wasShort }, this.#stopping.signal);
    if (!this.#stopping.signal.aborted) this.#listener.onDisconnected(reason);
  }

  #tell(reason: string): void {
    if (this.#told.has(reason)) return;
    this.#told.add(reason);
    this.#listener.onDisconnected(reason);
  }

  #tellRefused(topic: string, reason: string): void {
    if (this.#refused.has(topic)) return;
    this.#refused.add(topic);
    this.#listener.onRefused?.(topic, reason);
  }

  #warn(warning: string): void {
    if (this.#warned.has(warning)) return;
    this.#warned.add(warning);
    this.#listener.onWarning?.(warning);
  }
}

function matches(filter: string, topic: string): boolean {
  const levels = topic.split('/');
  const expected = filter.split('/');
  return levels.length === expected.length && expected.every((level, i) => level === '+' || level === levels[i]);
}
