import { setTimeout as sleep } from 'node:timers/promises';
import { openForTrial } from './check-broker.js';
import type { MqttSettings } from './connection.js';
import { topics } from './topics.js';

/** Milliseconds in which a client that was pushed off comes back. */
const PATIENCE = 5000;
/** Milliseconds in which the broker delivers what it has kept. */
const DELIVERY = 500;

/**
 * Who has our client identifier at the broker.
 * - `nobody`
 * - `daemon`: the daemon that is online, and nobody takes it away
 * - `another`: some client that comes back whenever it is pushed off
 * - `unknown`: whether a daemon is online is not ours to read, and to try would push it off
 */
export type Holder = 'nobody' | 'daemon' | 'another' | 'unknown';

/**
 * Finds out whether another client has our client identifier. A broker tells nobody; it ends the older of two. So where
 * a daemon is online we watch whether it stays, and take its place only where none is.
 *
 * @throws KdadError BROKER_UNREACHABLE, CONFIG_INVALID
 */
export async function holderOfIdentifier(settings: MqttSettings, signal?: AbortSignal): Promise<Holder> {
  const { availability } = topics(settings.topicPrefix);
  const watching = await openForTrial({ ...settings, clientId: undefined }, signal);
  const heard: string[] = [];
  watching.receive(({ topic, payload }) => topic === availability && heard.push(payload.toString()));
  try {
    const listens = await watching.subscribe(availability).then(
      () => true,
      () => false,
    );
    if (!listens) return 'unknown';
    await sleep(DELIVERY, undefined, { signal });
    if (heard.at(-1) !== 'online') return (await staysOn(settings, signal)) ? 'nobody' : 'another';
    await sleep(PATIENCE, undefined, { signal });
    return heard.includes('offline') ? 'another' : 'daemon';
  } finally {
    await watching.close().catch(() => {});
  }
}

/** Whether the broker lets us stay under our own identifier. */
async function staysOn(settings: MqttSettings, signal?: AbortSignal): Promise<boolean> {
  const link = await openForTrial(settings, signal);
  const enough = new AbortController();
  const quiet = sleep(PATIENCE, true, { signal: enough.signal }).catch(() => true);
  const stays = await Promise.race([quiet, link.ended.then(() => false)]);
  enough.abort();
  await link.close().catch(() => {});
  return stays;
}
