import type { BrokerClient, Received } from './broker-client.js';
import { readCommandTopic, type Topics } from './topics.js';

/** A command as it came. */
export interface Incoming {
  readonly name: string;
  /** Undefined for a command to the daemon. */
  readonly camera?: string;
  readonly payload: Buffer;
}

export interface CommandChannelOptions {
  readonly client: BrokerClient;
  /** What every topic begins with. */
  readonly prefix: string;
  readonly topics: Topics;
  /** Has the command done. @returns the reply, JSON; never throws */
  answer(command: Incoming): Promise<string>;
  /** A command is passed over without a reply: the broker had kept it, so nobody asks for it now. */
  onIgnored(command: Incoming): void;
  /** The broker does not let us listen for commands. */
  onRefused(reason: string): void;
}

/**
 * Takes commands from the broker and sends one reply to each: to its response topic with its correlation data (MQTT 5,
 * section 4.10), or, where it names none, to the daemon's own reply topic.
 */
export class CommandChannel {
  readonly #options: CommandChannelOptions;
  readonly #underWay = new Set<Promise<void>>();
  #stopped = false;

  constructor(options: CommandChannelOptions) {
    this.#options = options;
  }

  start(): void {
    const { client, topics, onRefused } = this.#options;
    this.#stopped = false;
    for (const filter of [topics.command('+'), topics.cameraCommand('+', '+')]) {
      client.subscribe(filter, { onMessage: (message) => this.#take(message), onRefused });
    }
  }

  /** Takes no more commands, and waits for the replies to those under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#underWay);
  }

  #take(message: Received): void {
    if (this.#stopped) return;
    const { prefix, onIgnored } = this.#options;
    const command = { ...readCommandTopic(message.topic, prefix), payload: message.payload };
    if (message.retained) {
      onIgnored(command);
      return;
    }
    const done = this.#answer(command, message).finally(() => this.#underWay.delete(done));
    this.#underWay.add(done);
  }

  async #answer(command: Incoming, { responseTopic, correlationData }: Received): Promise<void> {
    const { client, topics, answer } = this.#options;
    const reply = await answer(command);
    const properties = { contentType: 'application/json', correlationData };
    const topic = responseTopic !== undefined && this.#mayReplyTo(responseTopic) ? responseTopic : topics.reply;
    client.send(topic, reply, { qos: 1, properties });
  }

  /**
   * A reply must not pass for something else that we say, nor reach what only we may: the broker knows us, not the one
   * who asks.
   */
  #mayReplyTo(topic: string): boolean {
    const { prefix, topics } = this.#options;
    const { reply } = topics;
    const isOurs = topic === prefix || topic.startsWith(`${prefix}/`);
    return (
      !/[+#\0]/.test(topic) && !topic.startsWith('$') && (!isOurs || topic.startsWith(`${reply}/`) || topic === reply)
    );
  }
}
