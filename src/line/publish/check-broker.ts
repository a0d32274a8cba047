import { KdadError } from '../../common/errors.js';
import type { MqttSettings } from './connection.js';
import { explain } from './diagnosis.js';
import { type Ending, Link } from './link.js';

/**
 * Connects once and takes leave again, to find out whether the broker is there and lets us in.
 * @throws KdadError BROKER_UNREACHABLE, CONFIG_INVALID
 */
export async function checkBroker(settings: MqttSettings): Promise<void> {
  const link = await openForTrial(anonymous(settings));
  await link.close().catch(() => {});
}

/** What came of messages to topics. */
export interface Trial {
  /** The broker tells of refusals; with MQTT 3.1.1 it does not, and at most hangs up. */
  readonly tells: boolean;
  /** Why it does not take them, by topic. */
  readonly refused: ReadonlyMap<string, string>;
}

export interface TrialOptions {
  /** For subscribers who get it all the same. */
  readonly payload: string;
  /** Try it also where the broker speaks 3.1.1 only, and subscribers see it. */
  readonly seen: boolean;
  readonly signal?: AbortSignal;
}

/**
 * Publishes on topics, to find out whether the broker takes that. It is tried with MQTT 5, whatever the settings say,
 * since 3.1.1 tells of no refusal, and as QoS 2 that is never released, so that brokers which wait for that deliver it
 * to nobody.
 *
 * @returns undefined where it cannot be tried
 * @throws KdadError BROKER_UNREACHABLE, CONFIG_INVALID
 */
export async function tryTopics(
  settings: MqttSettings,
  topics: readonly string[],
  { payload, seen, signal }: TrialOptions,
): Promise<Trial | undefined> {
  const told = await tryWith({ ...settings, version: '5' }, topics, payload, signal).catch((error: KdadError) => {
    if (settings.version === '5') throw error;
    return undefined;
  });
  if (told || !seen) return told;
  return tryWith(settings, topics, payload, signal);
}

async function tryWith(
  settings: MqttSettings,
  topics: readonly string[],
  payload: string,
  signal?: AbortSignal,
): Promise<Trial> {
  const refused = new Map<string, string>();
  const trial = anonymous(settings);
  let link = await openForTrial(trial, signal);
  for (const topic of topics) {
    if (signal?.aborted) break;
    await link.tryPublish(topic, payload).catch(({ message }: Error) => refused.set(topic, message));
    // Some brokers hang up on what they do not take.
    if (!link.isOpen) link = await openForTrial(trial, signal);
  }
  await link.close().catch(() => {});
  return { tells: settings.version === '5', refused };
}

/**
 * Subscribes, to find out whether the broker lets us.
 * @returns why not, by filter
 * @throws KdadError BROKER_UNREACHABLE, CONFIG_INVALID
 */
export async function trySubscriptions(
  settings: MqttSettings,
  filters: readonly string[],
  signal?: AbortSignal,
): Promise<ReadonlyMap<string, string>> {
  const refused = new Map<string, string>();
  const trial = anonymous(settings);
  let link = await openForTrial(trial, signal);
  for (const filter of filters) {
    await link.subscribe(filter).catch(({ message }: Error) => refused.set(filter, message));
    if (!link.isOpen) link = await openForTrial(trial, signal);
  }
  await link.close().catch(() => {});
  return refused;
}

/** Under the daemon's own client identifier a trial would push a running daemon off the broker. */
const anonymous = (settings: MqttSettings): MqttSettings => ({ ...settings, clientId: undefined });

/**
 * A connection to try something.
 * @throws KdadError BROKER_UNREACHABLE, CONFIG_INVALID
 */
export async function openForTrial(settings: MqttSettings, signal?: AbortSignal): Promise<Link> {
  const link = await Link.open(settings, { signal });
  if (link instanceof Link) {
    signal?.addEventListener('abort', () => link.cut('given up'), { once: true });
    return link;
  }
  throw await unreachable(link, settings, signal);
}

async function unreachable(ending: Ending, settings: MqttSettings, signal?: AbortSignal): Promise<KdadError> {
  const reason = await explain(ending, settings, { wasConnected: false, wasShort: false }, signal);
  return new KdadError('BROKER_UNREACHABLE', `${settings.url}: ${reason}`, { cause: ending.error });
}
