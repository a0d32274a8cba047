import { setTimeout as sleep } from 'node:timers/promises';
import mqtt, { type IClientPublishOptions, type IConnackPacket, type MqttClient, type Packet } from 'mqtt';
import { connectionOptions, describeFailure, type MqttSettings } from './connection.js';
import { PacketLimit } from './packet-limit.js';
import { packetSize } from './packet-size.js';
import { Refusal, refusalByDisconnect, refusalOf } from './refusal.js';

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

/** What the broker said of itself when it let us in (OASIS MQTT 5.0, section 3.2.2.3); with 3.1.1 it says nothing. */
export interface BrokerLimits {
  readonly maximumQoS: 0 | 1 | 2;
  readonly retains: boolean;
  /** Bytes; undefined where there is no limit. */
  readonly packetSize?: number;
}

export interface Will {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly retain: boolean;
}

/** How a connection ended, or why it did not come about. */
export interface Ending {
  /** For people. */
  readonly reason: string;
  /** Reason code of the broker's CONNACK or DISCONNECT, where it gave one. */
  readonly code?: number;
  readonly error?: Error;
  /** What came first of all. */
  readonly firstBytes: Buffer;
}

/** The connection has ended; what was under way may have arrived or not. */
export class LinkLost extends Error {
  /** The broker hung up, or fell silent, on what was under way, though it had answered before: that may be why. */
  readonly suspect: boolean;

  constructor(reason: string, suspect = false) {
    super(reason);
    this.suspect = suspect;
  }
}

/** Milliseconds that the broker may take to answer, and bytes a millisecond that the slowest line carries. */
const ANSWER = 20_000;
const SLOWEST = 2;
/** Milliseconds that a message without acknowledgement waits for a sign that it has arrived. */
const SIGN = 2000;
/** Bytes that may wait for the socket before messages that nobody waits for are left out. */
const BACKLOG = 4e6;
/**
 * Things that wait for the broker's answer at once, where it takes as many (Receive Maximum) and has not hung up on any
 * before.
 */
const WINDOW = 16;

/**
 * One connection to the broker, from CONNECT to its end. It is never mended: what it was to carry goes over the next
 * one, where its owner wants that. One thing at a time waits for the broker's answer, so that it is clear on what the
 * broker hung up, and so that no more is under way than a broker takes (Receive Maximum).
 */
export class Link {
  readonly #client: MqttClient;
  readonly #answer: number;
  readonly #version: MqttSettings['version'];
  /** Topics of messages without acknowledgement, by whether the broker has given a sign that it has read one. */
  readonly unproven = new Set<string>();
  readonly proven = new Set<string>();
  readonly ended: Promise<Ending>;
  #limits: BrokerLimits = { maximumQoS: 2, retains: true };
  #open = true;
  #code: number | undefined;
  #error: Error | undefined;
  #firstBytes: Buffer = Buffer.alloc(0);
  /** The broker has answered something. */
  #answered = false;
  /** Things that may wait for the broker's answer at once, those that do, and the others, in order. */
  #window = 1;
  #underWay = 0;
  readonly #next: (() => void)[] = [];
  /** Of those that wait for an answer. */
  readonly #onEnd = new Set<(ending: Ending) => void>();
  #leftUnanswered = false;
  #pings = 0;
  #pongs = 0;
  #onPong: () => void = () => {};

  private constructor(client: MqttClient, { version, answerTimeout = ANSWER }: MqttSettings) {
    this.#client = client;
    this.#version = version;
    this.#answer = answerTimeout;
    this.#boundPackets();
    client.on('error', (error) => {
      this.#error ??= error;
      // mqtt.js goes on reading after what is no MQTT, and waits for ever for the answer that it was.
      this.#open = false;
      client.stream.destroy();
    });
    client.on('disconnect', ({ reasonCode }) => {
      this.#code = reasonCode;
    });
    client.on('packetsend', ({ cmd }) => {
      if (cmd === 'pingreq') this.#pings++;
    });
    client.on('packetreceive', ({ cmd }) => {
      if (cmd !== 'puback' && cmd !== 'suback' && cmd !== 'pingresp') return;
      this.#answered = true;
      if (cmd === 'pingresp') this.#pongs++;
      this.#onPong();
    });
    this.ended = new Promise((resolve) => {
      client.once('close', () => {
        this.#open = false;
        client.end(true);
        const code = this.#code ?? codeOf(this.#error);
        const reason = this.#error ? describeFailure(this.#error) : closedByBroker(this.#code);
        const ending = { reason, code, error: this.#error, firstBytes: this.#firstBytes };
        this.#leftUnanswered = this.#onEnd.size > 0 || this.unproven.size > 0;
        for (const tell of this.#onEnd) tell(ending);
        resolve(ending);
      });
    });
  }

  /**
   * Connects.
   * @param signal gives it up
   * @param oneByOne only one thing at a time waits for the broker's answer
   * @returns how it ended instead, where it did not come about
   * @throws KdadError CONFIG_INVALID when a certificate cannot be used
   */
  static async open(
    settings: MqttSettings,
    { will, signal, oneByOne = false }: { will?: Will; signal?: AbortSignal; oneByOne?: boolean } = {},
  ): Promise<Link | Ending> {
    const options = await connectionOptions(settings);
    const link = new Link(mqtt.connect(settings.url, { ...options, will }), settings);
    const giveUp = () => link.cut('given up');
    signal?.addEventListener('abort', giveUp, { once: true });
    if (signal?.aborted) giveUp();
    const connack = new Promise<IConnackPacket>((resolve) => link.#client.once('connect', resolve));
    const first = await Promise.race([connack, link.ended]);
    signal?.removeEventListener('abort', giveUp);
    if (!('cmd' in first)) return first;
    const { maximumQoS, retainAvailable, maximumPacketSize, receiveMaximum = WINDOW } = first.properties ?? {};
    link.#window = oneByOne ? 1 : Math.min(WINDOW, receiveMaximum);
    link.#limits = {
      maximumQoS: (maximumQoS ?? 2) as 0 | 1 | 2,
      retains: retainAvailable !== false,
      packetSize: maximumPacketSize,
    };
    // Its answer tells that this connection carries something.
    link.#client.sendPing();
    return link;
  }

  get isOpen(): boolean {
    return this.#open;
  }

  /** It ended while the broker had something to answer. */
  get leftUnanswered(): boolean {
    return this.#leftUnanswered;
  }

  get limits(): BrokerLimits {
    return this.#limits;
  }

  /** @param call is told of every message that comes */
  receive(call: (message: Received) => void): void {
    this.#client.on('message', (topic, payload, { retain: retained, properties }) => {
      const { responseTopic, correlationData } = properties ?? {};
      call({ topic, payload, retained, responseTopic, correlationData });
    });
  }

  /**
   * Resolves when the broker has acknowledged it; with QoS 0, when it has been sent and the broker gave a sign of life
   * after it.
   * @param options its `properties` go with MQTT 5 only; QoS and retain no further than the broker takes them
   * @throws Refusal, LinkLost
   */
  publish(topic: string, payload: string | Buffer, options: IClientPublishOptions): Promise<void> {
    const fitting = this.#fit(options);
    const bytes = packetSize(topic, payload, fitting);
    const { packetSize: most = Number.POSITIVE_INFINITY } = this.#limits;
    if (bytes > most) {
      const reason = `packet too large: ${bytes} bytes, and the broker takes ${most} at most`;
      return Promise.reject(new Refusal('message', reason));
    }
    return this.#inTurn(bytes, async () => {
      await this.#client.publishAsync(topic, payload, fitting);
      if (fitting.qos === 0) await this.#sign();
    });
  }

  /** Sends a message without acknowledgement that nobody waits for; left out where the connection cannot keep up. */
  write(topic: string, payload: string | Buffer, options: IClientPublishOptions): void {
    if (!this.#open || this.#client.stream.writableLength > BACKLOG) return;
    this.unproven.add(topic);
    this.#client.publish(topic, payload, { ...this.#fit(options), qos: 0 }, () => {});
  }

  /** @throws Refusal, LinkLost */
  subscribe(filter: string): Promise<void> {
    return this.#inTurn(0, async () => {
      await this.#client.subscribeAsync(filter, { qos: 1 });
    });
  }

  /**
   * Publishes, and leaves it to the broker to forget that: as QoS 2 that is never released, where the broker takes
   * that.
   * @throws Refusal, LinkLost
   */
  tryPublish(topic: string, payload: string): Promise<void> {
    return this.#inTurn(0, async () => {
      let code = 0;
      const withhold = (packet: Packet) => {
        if (packet.cmd !== 'pubrec') return;
        code = packet.reasonCode ?? 0;
        // mqtt.js releases only what was not refused.
        packet.reasonCode = 0x80;
      };
      this.#client.on('packetreceive', withhold);
      try {
        await this.#client.publishAsync(topic, payload, this.#fit({ qos: 2 }));
      } catch (error) {
        if (codeOf(error as Error) !== 0x80 || code >= 0x80) throw code ? refusalOf(code, error) : error;
      } finally {
        this.#client.off('packetreceive', withhold);
      }
    });
  }

  /** Says good-bye. */
  async close(): Promise<void> {
    this.#open = false;
    await this.#client.endAsync();
  }

  /** Ends it at once. */
  cut(reason: string): void {
    this.#open = false;
    this.#error ??= new Error(reason);
    this.#client.stream.destroy();
  }

  #fit({ properties, ...options }: IClientPublishOptions): IClientPublishOptions {
    const qos = Math.min(options.qos ?? 0, this.#limits.maximumQoS) as 0 | 1 | 2;
    const retain = (options.retain ?? false) && this.#limits.retains;
    return { ...options, qos, retain, ...(this.#version === '5' && properties && { properties }) };
  }

  async #inTurn(bytes: number, work: () => Promise<void>): Promise<void> {
    if (this.#underWay >= this.#window) await new Promise<void>((resolve) => this.#next.push(resolve));
    else this.#underWay++;
    try {
      await this.#withAnswer(bytes, work);
    } finally {
      const next = this.#next.shift();
      if (next) next();
      else this.#underWay--;
    }
  }

  async #withAnswer(bytes: number, work: () => Promise<void>): Promise<void> {
    if (!this.#open) throw new LinkLost('the connection has ended');
    const alone = this.#window === 1;
    const limit = this.#answer + bytes / SLOWEST;
    let silent = false;
    const timer = setTimeout(() => {
      silent = true;
      this.cut(`no answer from the broker within ${Math.round(limit / 1000)} s`);
    }, limit);
    let onEnd: (ending: Ending) => void = () => {};
    const lost = new Promise<never>((_, reject) => {
      onEnd = ({ reason, code, error }) => {
        // However late: it may have had to read a large message over a slow line before.
        const suspect = silent || !error || hungUp(error);
        const refusal = alone ? refusalByDisconnect(code) : undefined;
        reject(refusal ?? new LinkLost(reason, alone && this.#answered && suspect));
      };
    });
    this.#onEnd.add(onEnd);
    const before = [...this.unproven];
    try {
      await Promise.race([work(), lost]);
      for (const topic of before) {
        this.unproven.delete(topic);
        this.proven.add(topic);
      }
    } catch (error) {
      if (error instanceof Refusal || error instanceof LinkLost) throw error;
      const code = codeOf(error as Error);
      throw code === undefined ? new LinkLost((error as Error).message) : refusalOf(code, error);
    } finally {
      clearTimeout(timer);
      this.#onEnd.delete(onEnd);
    }
  }

  /** The broker answers in order, so that a ping that it answers tells that it has read what came before. */
  async #sign(): Promise<void> {
    this.#client.sendPing();
    const mine = this.#pings;
    const answered = new Promise<void>((resolve) => {
      this.#onPong = () => this.#pongs >= mine && resolve();
    });
    const enough = new AbortController();
    const late = sleep(SIGN, undefined, { signal: enough.signal }).catch(() => {});
    await Promise.race([answered, late]);
    enough.abort();
  }

  /**
   * Nobody fills our memory: see `PacketLimit`. The stream is bounded where it is filled, since mqtt.js makes and reads
   * it itself.
   */
  #boundPackets(): void {
    const { stream } = this.#client;
    const limit = new PacketLimit();
    const push = stream.push.bind(stream);
    stream.push = (chunk: Buffer | null, encoding?: BufferEncoding) => {
      if (chunk === null) return push(null);
      if (this.#firstBytes.length === 0) this.#firstBytes = Buffer.from(chunk.subarray(0, 16));
      try {
        return push(limit.next(chunk), encoding);
      } catch (error) {
        this.cut((error as Error).message);
        return false;
      }
    };
  }
}

/** The reason code that an error of mqtt.js carries, of a CONNACK, PUBACK or SUBACK. */
function codeOf(error: Error | undefined): number | undefined {
  const { code, packet } = (error ?? {}) as { code?: unknown; packet?: { granted?: number[] } };
  if (typeof code === 'number') return code;
  return packet?.granted?.find((granted) => granted >= 0x80);
}

/** The connection was reset, or there was no sense in the answer; errors of the network have other codes. */
function hungUp(error: Error): boolean {
  const { code } = error as NodeJS.ErrnoException;
  return code === undefined ? /invalid|protocol error/i.test(error.message) : /ECONNRESET|EPIPE/.test(String(code));
}

/** @param code of its DISCONNECT */
function closedByBroker(code: number | undefined): string {
  const why = code ? mqttReason(code) : '';
  return `connection closed by the broker${why && `: ${why}`}`;
}

/** Of a DISCONNECT; see OASIS MQTT 5.0, section 3.14.2.1. */
function mqttReason(code: number): string {
  if (code === 0x8e) return 'session taken over (0x8e)';
  if (code === 0x8b) return 'server shutting down (0x8b)';
  if (code === 0x8d) return 'keep alive timeout (0x8d)';
  return refusalOf(code).message;
}
