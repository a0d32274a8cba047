import { X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { type ConnectionOptions, connect } from 'node:tls';
import { KdadError } from '../../common/errors.js';
import { checkBroker, trySubscriptions, tryTopics } from '../../line/publish/check-broker.js';
import { connectionOptions, type MqttSettings } from '../../line/publish/connection.js';
import { holderOfIdentifier } from '../../line/publish/namesake.js';
import { testPayload, topics } from '../../line/publish/topics.js';
import { type Finding, failed, ok, skipped, warning } from './finding.js';

/** Days before its end from which on a certificate is a matter to see to. */
const SOON = 30;
const DAY = 24 * 3600 * 1000;

export async function checkConnection(settings: MqttSettings): Promise<Finding> {
  await checkBroker(settings);
  const { url, username } = settings;
  return ok('broker', `${url} answers${username === undefined ? '' : `, and lets ${username} in`}`);
}

/** Whether the broker takes alerts and heatmaps of these cameras. */
export async function checkTopics(settings: MqttSettings, cameras: readonly string[]): Promise<Finding> {
  const { alert, heatmap } = topics(settings.topicPrefix);
  const tried = cameras.flatMap((camera) => [alert(camera), heatmap(camera)]);
  const trial = await tryTopics(settings, tried, { payload: testPayload(Date.now()), seen: true });
  const refused = [...(trial?.refused ?? [])].map(([topic, reason]) => `${topic}: ${reason}`);
  if (refused.length > 0) {
    const message = `${settings.url} refuses messages to ${refused.slice(0, 6).join('; ')}${refused.length > 6 ? `; and ${refused.length - 6} more` : ''}`;
    throw new KdadError('TOPIC_REFUSED', message);
  }
  const found = `messages to ${tried[0]}${tried.length > 1 ? ` and ${tried.length - 1} more topics` : ''}`;
  if (trial?.tells) return ok('alert topics', `the broker takes ${found}`);
  return ok('alert topics', `the broker says nothing against ${found}; with MQTT 3.1.1 it cannot`);
}

/** Whether the broker lets us listen for commands. */
export async function checkCommands(settings: MqttSettings, signal: AbortSignal): Promise<Finding> {
  const { command, cameraCommand } = topics(settings.topicPrefix);
  const filters = [command('+'), cameraCommand('+', '+')];
  const refused = [...(await trySubscriptions(settings, filters, signal))].map(([filter, why]) => `${filter}: ${why}`);
  if (refused.length === 0) return ok('commands', `the broker says nothing against listening to ${filters.join(', ')}`);
  const message = `${settings.url} lets us not listen to ${refused.join('; ')}: no command will come`;
  throw new KdadError('TOPIC_REFUSED', message);
}

/** Whether another client has the identifier that the configuration gives us. */
export async function checkIdentifier(settings: MqttSettings, signal: AbortSignal): Promise<Finding> {
  const what = 'client identifier';
  const named = `"${settings.clientId}" (mqtt.clientId)`;
  switch (await holderOfIdentifier(settings, signal)) {
    case 'nobody':
      return ok(what, `no other client has ${named}`);
    case 'daemon':
      return ok(what, `a daemon with this topicPrefix is online, and nobody takes ${named} away from it`);
    case 'unknown':
      return skipped(what, `not tried: the broker does not let us read whether a daemon is online`);
    case 'another':
      throw new KdadError('CLIENT_ID_TAKEN', `another client at ${settings.url} has ${named}, and each ends the other`);
  }
}

/** How long the certificates last that the connection rests on: the broker's, and ours where we have one. */
export function certificateChecks(settings: MqttSettings): { what: string; run: () => Promise<Finding> }[] {
  const { url, cert } = settings;
  const encrypted = /^(mqtts|wss):/.test(url);
  const own = async (path: string) => new Date(new X509Certificate(await readFile(path)).validTo);
  return [
    ...(encrypted ? [{ what: 'broker certificate', end: () => brokersEnd(settings) }] : []),
    ...(cert === undefined ? [] : [{ what: 'own certificate', end: () => own(cert) }]),
  ].map(({ what, end }) => ({ what, run: () => describeEnd(what, end) }));
}

async function describeEnd(what: string, end: () => Promise<Date>): Promise<Finding> {
  const date = await end().catch((cause: Error) => {
    throw new KdadError('BROKER_UNREACHABLE', `no certificate to look at: ${cause.message}`, { cause });
  });
  const days = Math.floor((date.getTime() - Date.now()) / DAY);
  const until = date.toISOString().slice(0, 10);
  if (days < 0) return failed(what, new KdadError('BROKER_UNREACHABLE', `ended on ${until}: renew it`));
  if (days < SOON) return warning(what, `ends on ${until}, in ${days} days`, 'Renew it before then.');
  return ok(what, `valid until ${until}`);
}

/** When the broker's certificate ends, whoever signed it: whether we trust it is what connecting finds out. */
async function brokersEnd(settings: MqttSettings): Promise<Date> {
  const { hostname, port, protocol } = new URL(settings.url);
  const { ca, cert, key } = await connectionOptions(settings);
  const socket = connect({
    host: hostname,
    port: Number(port) || (protocol === 'wss:' ? 443 : 8883),
    servername: hostname,
    ca,
    cert,
    key,
    rejectUnauthorized: false,
    timeout: 10_000,
  } as ConnectionOptions);
  socket.once('timeout', () => socket.destroy(new Error('no answer within 10 s')));
  try {
    await once(socket, 'secureConnect');
    const certificate = socket.getPeerX509Certificate();
    if (!certificate) throw new Error('the broker shows none');
    return new Date(certificate.validTo);
  } finally {
    socket.destroy();
  }
}
