import { tryTopics } from './check-broker.js';
import type { MqttSettings } from './connection.js';
import { testPayload } from './topics.js';

/** Milliseconds between two trials of topics that were tried before, at least; and where some were refused, at most. */
const REST = 60_000;
const AGAIN = 300_000;

export interface TopicTrialOptions {
  readonly settings: MqttSettings;
  /** Those that alerts go to, now. */
  topics(): readonly string[];
  /** What the broker refuses of them now, and why; nothing where it cannot be found out. */
  onResult(refused: ReadonlyMap<string, string>): void;
}

/**
 * Finds out whether the broker takes alerts before there are any, on a connection of its own; see `tryTopics`. So the
 * log tells at the start what a list of rights at the broker has forgotten, and with MQTT 3.1.1, where the broker
 * acknowledges what it throws away, it is known at all.
 */
export class TopicTrial {
  readonly #options: TopicTrialOptions;
  #tried = new Set<string>();
  #at = Number.NEGATIVE_INFINITY;
  #stopping = new AbortController();
  #running: Promise<void> | undefined;
  #again: NodeJS.Timeout | undefined;

  constructor(options: TopicTrialOptions) {
    this.#options = options;
  }

  start(): void {
    this.#stopping = new AbortController();
  }

  async stop(): Promise<void> {
    clearTimeout(this.#again);
    this.#stopping.abort();
    await this.#running;
  }

  /** Whether everything was tried that messages may go to. */
  get done(): boolean {
    return this.#options.topics().every((topic) => this.#tried.has(topic));
  }

  /** The broker is there. Resolves when it is known what can be known. */
  async run(): Promise<void> {
    if (this.#running || (this.done && performance.now() - this.#at < REST)) return this.#running;
    this.#running = this.#tryAll().finally(() => {
      this.#running = undefined;
    });
    await this.#running;
  }

  /** Cameras may come meanwhile. */
  async #tryAll(): Promise<void> {
    do await this.#try();
    while (!this.done && !this.#stopping.signal.aborted);
  }

  async #try(): Promise<void> {
    const { settings, onResult } = this.#options;
    const topics = this.#options.topics();
    const { signal } = this.#stopping;
    const about = { payload: testPayload(Date.now()), seen: false, signal };
    // A broker that admits us, but no second connection, cannot be tried.
    const trial = await tryTopics(settings, topics, about).catch(() => undefined);
    if (signal.aborted) return;
    this.#at = performance.now();
    this.#tried = new Set(topics);
    const refused = trial?.refused ?? new Map();
    onResult(refused);
    clearTimeout(this.#again);
    // The rights may be put right while we are connected.
    if (refused.size > 0) this.#again = setTimeout(() => void this.run(), AGAIN);
  }
}
