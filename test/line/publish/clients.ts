import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import mqtt, { type IPublishPacket, type MqttClient } from 'mqtt';
import { inject, onTestFinished } from 'vitest';
import type { AlertEvent } from '../../../src/line/inspection/alerts.js';
import { BrokerClient } from '../../../src/line/publish/broker-client.js';
import type { MqttSettings } from '../../../src/line/publish/connection.js';
import { MqttPublisher } from '../../../src/line/publish/mqtt-publisher.js';
import { Outbox } from '../../../src/line/publish/outbox.js';
import { topics } from '../../../src/line/publish/topics.js';
import type { Broker } from '../../fixtures/brokers.js';
import { judged } from '../../fixtures/frames.js';

export const event = (id: string): AlertEvent => ({
  kind: 'opened',
  id,
  camera: 'line',
  time: 200,
  openedAt: 200,
  duration: 0,
  peak: judged(2, 1.5),
});

export async function running(broker: Broker): Promise<Broker> {
  await broker.start();
  onTestFinished(() => broker.stop());
  return broker;
}

/** A publisher with the topics `box/#`, and what it says of its connection. */
export async function publishing({ port }: { port: number }, settings: Partial<MqttSettings> = {}, state?: string) {
  const connection: string[] = [];
  const refusals: string[] = [];
  const outbox = new Outbox(state ?? (await mkdtemp(join(inject('shared'), 'outbox-'))), () => {});
  await outbox.start();
  onTestFinished(() => outbox.stop());
  const client = new BrokerClient(
    { url: `mqtt://127.0.0.1:${port}`, topicPrefix: 'box', version: '3.1.1', reconnectPeriod: 200, ...settings },
    'box/availability',
    {
      onConnected: () => connection.push('connected'),
      onDisconnected: (reason) => connection.push(reason),
      onRefused: (topic) => connection.push(`refused ${topic}`),
      onWarning: (warning) => connection.push(warning),
    },
  );
  const publisher = new MqttPublisher({
    client,
    outbox,
    topics: topics('box'),
    model: () => ({ name: 'bottle', version: '7' }),
    onOutboxFailure: (error) => connection.push(error.message),
    onRefused: ({ topic }, reason) => refusals.push(`${topic}: ${reason}`),
  });
  const stop = async () => {
    await publisher.stop();
    await client.stop();
  };
  await client.start();
  publisher.start();
  onTestFinished(stop);
  return { client, publisher, outbox, connection, refusals, stop };
}

/** What a subscriber to `box/#` receives. */
export async function subscribed({ port }: { port: number }, protocolVersion: 4 | 5 = 4) {
  const client: MqttClient = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion });
  onTestFinished(() => client.endAsync(true));
  const received: IPublishPacket[] = [];
  client.on('message', (_topic, _payload, packet) => received.push(packet));
  await client.subscribeAsync('box/#', { qos: 1 });
  const on = (topic: string) => received.filter((packet) => packet.topic === `box/${topic}`);
  const texts = (topic: string) => on(topic).map(({ payload }) => payload.toString());
  return { on, texts };
}

export async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 240_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within 240 s: ${condition}`);
    await sleep(20);
  }
}
