import { join } from 'node:path';
import type { Config } from '../config/schema.js';
import type { Logger } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';
import { BrokerClient } from '../publish/broker-client.js';
import { discoveryTopic, HomeAssistant } from '../publish/home-assistant.js';
import { MqttPublisher } from '../publish/mqtt-publisher.js';
import { Outbox } from '../publish/outbox.js';
import { RefusedFolder } from '../publish/refused-folder.js';
import { RetainedTopics } from '../publish/retained-topics.js';
import { TopicTrial } from '../publish/topic-trial.js';
import { type ModelName, type Topics, topics as topicsBelow } from '../publish/topics.js';
import { named, type Part } from './parts.js';
import { withoutGating } from './without-gating.js';

export interface MessagingOptions {
  readonly config: Config;
  /** The bundle that judges a camera now. */
  readonly model: (camera: string) => ModelName;
  readonly metrics: Metrics;
  readonly log: Logger;
}

/** What speaks MQTT, in the order of starting. */
export interface Messaging {
  readonly client: BrokerClient;
  readonly outbox: Outbox;
  readonly publisher: MqttPublisher;
  readonly parts: readonly Part[];
}

/** @returns undefined where the configuration names no broker */
export function makeMessaging({ config, model, metrics, log }: MessagingOptions): Messaging | undefined {
  const { mqtt: settings, stateDir } = config;
  if (!settings) {
    metrics.withoutBroker();
    return undefined;
  }
  const topics = topicsBelow(settings.topicPrefix);
  const outbox = new Outbox(
    join(stateDir, 'outbox'),
    (kind, reason) => {
      metrics.outboxDropped.inc({ kind, reason });
      log.warn({ kind, reason }, 'a message was dropped from the outbox');
    },
    undefined,
    (damage) => {
      metrics.stateFailures.inc({ part: 'outbox' });
      log.error(damage, 'the outbox was damaged and has been set aside; alerts that waited in it may be lost');
    },
  );
  metrics.outboxDepth = () => outbox.depth;
  const retained = new RetainedTopics(join(stateDir, 'retained.json'), (reason) => {
    metrics.stateFailures.inc({ part: 'retained' });
    log.error({ reason }, 'the list of retained topics cannot be saved');
  });
  let reached = false;
  const client = new BrokerClient(settings, topics.availability, {
    onConnected: () => {
      metrics.mqttConnected.set(1);
      if (!reached) log.info('MQTT broker reached');
      reached = true;
    },
    onEnded: () => metrics.mqttConnected.set(0),
    onDisconnected: (reason) => {
      metrics.mqttConnected.set(0);
      log.warn({ broker: settings.url, reason }, 'MQTT broker not reached; trying again');
      reached = false;
    },
    onRefused: (topic, reason) => {
      metrics.mqttRefused.inc({ kind: 'publish' });
      log.error({ topic, reason }, 'the broker refuses messages to this topic');
    },
    onWarning: (warning) => log.warn({ broker: settings.url }, warning),
    onRetained: (topic) => retained.remember(topic),
    onForgotten: (topic) => retained.forget(topic),
  });
  const homeAssistant = settings.homeAssistant
    ? new HomeAssistant({
        client,
        prefix: settings.topicPrefix,
        topics,
        discoveryPrefix: settings.discoveryPrefix,
        onRefused: (reason) => {
          metrics.mqttRefused.inc({ kind: 'subscribe' });
          log.warn({ reason }, 'the broker refuses the subscription to the status of Home Assistant');
        },
      })
    : undefined;
  const refused = new RefusedFolder(join(stateDir, 'refused'));
  const watched = new Set(config.cameras.map(({ name }) => name));
  let told: ReadonlySet<string> = new Set();
  const trial = new TopicTrial({
    settings,
    topics: () => [...watched].flatMap((camera) => [topics.alert(camera), topics.heatmap(camera)]),
    onResult: (refusals) => {
      client.knowRefusals(refusals);
      for (const [topic, reason] of refusals) {
        if (!told.has(topic)) log.error({ topic, reason }, 'the broker refuses alerts to this topic');
      }
      told = new Set(refusals.keys());
      publisher.wake();
    },
  });
  const publisher = new MqttPublisher({
    client,
    outbox,
    topics,
    homeAssistant,
    model,
    // MQTT 3.1.1 acknowledges what the broker throws away: first see what it takes.
    mayDeliver: () => settings.version === '5' || trial.done,
    onRefused: async (message, reason) => {
      const { kind, topic, alert } = message;
      metrics.outboxDropped.inc({ kind, reason: 'refused' });
      const file = await refused.keep(message, reason).catch((error: Error) => error.message);
      log.error({ kind, topic, alert, reason, file }, 'the broker refused a message for good; it was set aside');
    },
    onCamera: (camera) => {
      watched.add(camera);
      if (client.connected) void trial.run();
    },
    onInterrupted: ({ topic, alert }) => log.info({ topic, alert, reason: 'interrupted' }, 'alert closed'),
    onOutboxFailure: ({ message: reason }) =>
      log.error({ reason }, 'alerts are sent without the outbox: it cannot be used'),
  });
  client.onConnect(() => void trial.run());
  const store = withoutGating(outbox, (reason) => {
    metrics.stateFailures.inc({ part: 'outbox' });
    log.error({ reason }, 'alerts are sent without the outbox: it cannot be used');
  });
  const clearing = {
    start: async () => {
      const expected = new Set(expectedTopics(config, topics));
      for (const topic of await retained.start()) if (!expected.has(topic)) client.retain(topic, '');
    },
    stop: () => retained.stop(),
  };
  const parts = [
    named('outbox', store),
    named('retained topics', clearing),
    named('broker client', client),
    named('topic trial', trial),
    named('refused messages', { start: () => {}, stop: () => refused.stop() }),
    ...(homeAssistant ? [named('Home Assistant', homeAssistant)] : []),
    named('publisher', publisher),
  ];
  return { client, outbox, publisher, parts };
}

/** What is retained of the cameras that are watched; whatever else an earlier run left belongs to none. */
function expectedTopics({ mqtt, cameras }: Config, topics: Topics): string[] {
  const ofCamera = ({ name }: { name: string }) => [
    topics.state(name),
    topics.inspection(name),
    ...(mqtt?.homeAssistant
      ? [discoveryTopic(name, { prefix: mqtt.topicPrefix, discoveryPrefix: mqtt.discoveryPrefix })]
      : []),
  ];
  return [topics.availability, ...cameras.flatMap(ofCamera)];
}
