import { setTimeout as sleep } from 'node:timers/promises';
import mqtt, { type IPublishPacket, type MqttClient } from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import type { AlertEvent } from '../../src/inspection/alerts.js';
import { MqttPublisher, type MqttSettings } from '../../src/publish/mqtt-publisher.js';
import { aedesBroker, type Broker, hasMosquitto, mosquittoBroker } from '../fixtures/brokers.js';
import { judged } from '../fixtures/frames.js';

const cleanUp: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const stop of cleanUp.splice(0).reverse()) await stop();
});

const event = (id: string): AlertEvent => ({
  kind: 'opened',
  id,
  camera: 'line',
  time: 200,
  openedAt: 200,
  peak: judged(2, 1.5),
});

async function running(broker: Broker): Promise<Broker> {
  await broker.start();
  cleanUp.push(() => broker.stop());
  return broker;
}

/** A publisher with the topics `box/#`, and what it says of its connection. */
async function publishing(broker: Broker, settings: Partial<MqttSettings> = {}) {
  const connection: string[] = [];
  const publisher = new MqttPublisher(
    { url: `mqtt://127.0.0.1:${broker.port}`, topicPrefix: 'box', version: '3.1.1', reconnectPeriod: 200, ...settings },
    'bottle',
    { onConnected: () => connection.push('connected'), onDisconnected: (reason) => connection.push(reason) },
  );
  await publisher.start();
  cleanUp.push(() => publisher.stop());
  return { publisher, connection };
}

/** What a subscriber to `box/#` receives. */
async function subscribed(broker: Broker, protocolVersion: 4 | 5 = 4) {
  const client: MqttClient = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`, { protocolVersion });
  cleanUp.push(() => client.endAsync(true));
  const received: IPublishPacket[] = [];
  client.on('message', (_topic, _payload, packet) => received.push(packet));
  await client.subscribeAsync('box/#', { qos: 1 });
  const on = (topic: string) => received.filter((packet) => packet.topic === `box/${topic}`);
  const texts = (topic: string) => on(topic).map(({ payload }) => payload.toString());
  return { on, texts };
}

async function until(condition: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!condition()) {
    if (performance.now() > end) throw new Error(`not within 10 s: ${condition}`);
    await sleep(20);
  }
}

describe.each([
  { name: 'aedes, MQTT 3.1.1', version: '3.1.1', protocol: 4, broker: aedesBroker, skip: false },
  { name: 'Mosquitto, MQTT 3.1.1', version: '3.1.1', protocol: 4, broker: mosquittoBroker, skip: !hasMosquitto },
  { name: 'Mosquitto, MQTT 5', version: '5', protocol: 5, broker: mosquittoBroker, skip: !hasMosquitto },
] as const)('with $name', ({ version, protocol, broker: create, skip }) => {
  it.skipIf(skip)('alerts arrive as JSON with QoS 1, heatmaps as JPEG with QoS 0', async () => {
    const broker = await running(await create());
    const { on } = await subscribed(broker, protocol);
    const { publisher } = await publishing(broker, { version });
    await until(() => publisher.connected);
    publisher.alert(event('a-1'));
    publisher.heatmap(event('a-1'), Buffer.from('a JPEG'));
    await until(() => on('cameras/line/heatmap').length > 0 && on('cameras/line/alert').length > 0);
    const [alert] = on('cameras/line/alert');
    expect(alert).toMatchObject({ qos: 1, retain: false });
    expect(JSON.parse(alert.payload.toString())).toMatchObject({ event: 'opened', id: 'a-1', model: 'bottle' });
    const [heatmap] = on('cameras/line/heatmap');
    expect(heatmap).toMatchObject({ qos: 0, payload: Buffer.from('a JPEG') });
    if (version === '5')
      expect(heatmap.properties).toMatchObject({ contentType: 'image/jpeg', userProperties: { alert: 'a-1' } });
  });

  it.skipIf(skip)('who comes later learns what holds: availability and the state of each camera', async () => {
    const broker = await running(await create());
    const { publisher } = await publishing(broker, { version });
    publisher.cameraState('line', 'connecting');
    publisher.cameraState('line', 'lost', 'no route');
    await until(() => publisher.connected);
    publisher.cameraState('gate', 'live');
    await sleep(100);
    const { on, texts } = await subscribed(broker, protocol);
    await until(() => texts('cameras/gate/state').length > 0);
    expect(texts('availability')).toEqual(['online']);
    expect(on('cameras/line/state').map(({ retain }) => retain)).toEqual([true]);
    expect(JSON.parse(texts('cameras/line/state')[0])).toMatchObject({ state: 'lost', reason: 'no route' });
    await publisher.stop();
    await until(() => texts('availability').at(-1) === 'offline');
  });

  it.skipIf(skip)('alerts wait for a broker that is not there yet; heatmaps do not', async () => {
    const broker = await create();
    cleanUp.push(() => broker.stop());
    const { publisher, connection } = await publishing(broker, { version });
    await until(() => connection.length > 0);
    expect(connection[0]).toMatch(/ECONNREFUSED/);
    publisher.alert(event('early'));
    publisher.heatmap(event('early'), Buffer.from('stale'));
    await broker.start();
    const { on, texts } = await subscribed(broker, protocol);
    await until(() => on('cameras/line/alert').length > 0);
    expect(JSON.parse(texts('cameras/line/alert')[0]).id).toBe('early');
    await sleep(100);
    expect(on('cameras/line/heatmap')).toEqual([]);
  });

  it.skipIf(skip)('what holds is told again to a broker that came back and has forgotten it', async () => {
    const broker = await running(await create());
    const { publisher, connection } = await publishing(broker, { version });
    publisher.cameraState('line', 'live');
    await until(() => connection.length === 1);
    await broker.stop();
    await until(() => connection.length === 2);
    await broker.start();
    await until(() => connection.length === 3);
    await sleep(100);
    const { texts } = await subscribed(broker, protocol);
    await until(() => texts('cameras/line/state').length > 0);
    expect(texts('availability')).toEqual(['online']);
    expect(connection).toEqual(['connected', expect.any(String), 'connected']);
  });

  it.skipIf(skip)('a refused password is told without showing it, and tried again', async () => {
    const broker = await running(await create('open sesame'));
    const credentials = { username: 'line', password: 'hush' };
    const { publisher, connection } = await publishing(broker, { version, ...credentials });
    await until(() => connection.length > 0);
    expect(connection[0]).toMatch(/not authorized|bad user/i);
    expect(connection[0]).not.toContain('hush');
    broker.password = 'hush';
    await broker.stop();
    await broker.start();
    await until(() => publisher.connected);
  });
});

describe('stopping', () => {
  it('does not wait for a broker that is not there', async () => {
    const { publisher } = await publishing(await aedesBroker());
    const begin = performance.now();
    await publisher.stop();
    expect(performance.now() - begin).toBeLessThan(1000);
  });

  it('does not wait for long when the broker goes at the same moment', async () => {
    const broker = await aedesBroker();
    await broker.start();
    const { publisher } = await publishing(broker);
    await until(() => publisher.connected);
    await broker.stop();
    const begin = performance.now();
    await publisher.stop();
    expect(performance.now() - begin).toBeLessThan(3000);
  });
});
