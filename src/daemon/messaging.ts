import { join } from 'node:path';
import type { Config } from '../config/schema.js';
import type { Logger } from '../observability/log.js';
import type { Metrics } from '../observability/metrics.js';
import { BrokerClient } from '../publish/broker-client.js';
import { HomeAssistant } from '../publish/home-assistant.js';
import { MqttPublisher } from '../publish/mqtt-publisher.js';
import { Outbox } from '../publish/outbox.js';
import { type ModelName, topics as topicsBelow } from '../publish/topics.js';
import { named, type Part } from './parts.js';

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
  const outbox = new Outbox(join(stateDir, 'outbox'), (kind, reason) => {
    metrics.outboxDropped.inc({ kind, reason });
    log.warn({ kind, reason }, 'a message was dropped from the outbox');
  });
  metrics.outboxDepth = () => outbox.depth;
  const client = new BrokerClient(settings, topics.availability, {
    onConnected: () => {
      metrics.mqttConnected.set(1);
      log.info('MQTT broker reached');
    },
    onDisconnected: (reason) => {
      metrics.mqttConnected.set(0);
      log.warn({ reason }, 'MQTT broker not reached; trying again');
    },
  });
  const homeAssistant = settings.homeAssistant
    ? new HomeAssistant({
        client,
        prefix: settings.topicPrefix,
        topics,
        discoveryPrefix: settings.discoveryPrefix,
        onRefused: (reason) => log.warn({ reason }, 'the broker does not let us hear of Home Assistant'),
      })
    : undefined;
  const publisher = new MqttPublisher({
    client,
    outbox,
    topics,
    homeAssistant,
    model,
    onOutboxFailure: ({ message: reason }) =>
      log.error({ reason }, 'alerts are sent without the outbox: it cannot be used'),
  });
  const parts = [
    named('outbox', outbox),
    named('broker client', client),
    ...(homeAssistant ? [named('Home Assistant', homeAssistant)] : []),
    named('publisher', publisher),
  ];
  return { client, outbox, publisher, parts };
}
