import { setTimeout as sleep } from 'node:timers/promises';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { Link, LinkLost } from '../../../src/line/publish/link.js';
import { aedesBroker } from '../../fixtures/brokers.js';
import { type Script, scriptedBroker } from '../../fixtures/scripted-broker.js';
import { event, publishing, running, until } from './clients.js';

async function scripted(script: Script) {
  const broker = await scriptedBroker(script);
  onTestFinished(broker.stop);
  return broker;
}

describe('what an MQTT 5 broker says of itself is kept to', () => {
  it('where it takes QoS 0 only, also in the last will', async () => {
    const broker = await scripted({
      connack: ({ will }) => (will?.qos ? { reasonCode: 0x9b } : { properties: { maximumQoS: 0 } }),
    });
    const { publisher, outbox, connection } = await publishing(broker, { version: '5' });
    await until(() => connection.includes('connected'));
    expect(connection).toContain('the broker takes QoS 0 only: alerts may be lost with the connection');
    await publisher.alert(event('a'));
    await until(() => outbox.depth === 0);
    expect(broker.published.length).toBeGreaterThan(1);
    expect(broker.published.every(({ qos }) => qos === 0)).toBe(true);
  });

  it('where it retains nothing, also in the last will', async () => {
    const broker = await scripted({
      connack: ({ will }) => (will?.retain ? { reasonCode: 0x9a } : { properties: { retainAvailable: false } }),
    });
    const { publisher, outbox, connection } = await publishing(broker, { version: '5' });
    publisher.cameraState('line', 'live');
    await publisher.alert(event('a'));
    await until(() => outbox.depth === 0 && broker.published.some(({ topic }) => topic.endsWith('/state')));
    expect(connection).toContain('the broker retains nothing: who subscribes later does not learn what holds');
    expect(broker.published.some(({ retain }) => retain)).toBe(false);
  });

  it('where a heatmap is too large for it: it is set aside without being sent, and alerts arrive', async () => {
    const broker = await scripted({ connack: () => ({ properties: { maximumPacketSize: 2000 } }) });
    const { publisher, outbox, refusals } = await publishing(broker, { version: '5' });
    await publisher.heatmap(event('a'), Buffer.alloc(1990));
    await publisher.heatmap(event('a'), Buffer.alloc(1800));
    await publisher.alert(event('a'));
    await until(() => outbox.depth === 0);
    const sizes = broker.published
      .filter(({ topic }) => topic.endsWith('/heatmap'))
      .map(({ payload }) => payload.length);
    expect(sizes).toEqual([1800]);
    expect(refusals).toEqual([
      expect.stringMatching(/heatmap: packet too large: 20\d\d bytes, and the broker takes 2000 at most$/),
    ]);
  });

  it('where it takes one message at a time', async () => {
    let [open, most] = [0, 0];
    const broker = await scripted({
      connack: () => ({ properties: { receiveMaximum: 1 } }),
      onPublish: ({ messageId }, { send }) => {
        most = Math.max(most, ++open);
        setTimeout(() => {
          open--;
          send({ cmd: 'puback', messageId, reasonCode: 0 });
        }, 20);
        return undefined;
      },
    });
    const { publisher, outbox } = await publishing(broker, { version: '5' });
    for (let i = 0; i < 10; i++) publisher.cameraState(`line-${i}`, 'live');
    for (const id of ['a', 'b', 'c']) await publisher.alert(event(id));
    await until(() => outbox.depth === 0 && broker.published.length >= 14 && open === 0);
    expect(most).toBe(1);
  });

  it('where it wants to hear from us more often', async () => {
    const broker = await scripted({ connack: () => ({ properties: { serverKeepAlive: 1 } }) });
    await publishing(broker, { version: '5' });
    // One more than the first, which comes at once.
    await until(() => broker.pings.length >= 3);
    expect(new Set(broker.pings)).toEqual(new Set([1]));
  });
});

describe('a connection that dies', () => {
  it('while a heatmap waits for the socket does not stop the alerts', async () => {
    const broker = await scripted({
      connack: (_, number) => {
        if (number === 1) setTimeout(() => first()?.socket.pause(), 50);
        return {};
      },
    });
    const first = () => broker.visitors[0];
    const { client, publisher, outbox } = await publishing(broker, { version: '5' });
    await until(() => client.connected);
    await sleep(100);
    // More than the buffers of both sides hold.
    for (let i = 0; i < 40; i++) await publisher.heatmap(event('a'), Buffer.alloc(400_000));
    await publisher.alert(event('a'));
    first().socket.destroy();
    await until(() => outbox.depth === 0);
    expect(broker.published.some(({ topic }) => topic.endsWith('/alert'))).toBe(true);
  });

  it('is one, too, where the broker falls silent: it is begun anew after the time that it has', async () => {
    const broker = await scripted({
      onPublish: ({ topic }, { number }) => (number === 1 && topic.endsWith('/alert') ? undefined : 0),
    });
    const { publisher, outbox, connection } = await publishing(broker, { version: '5', answerTimeout: 300 });
    await publisher.alert(event('a'));
    await until(() => outbox.depth === 0);
    expect(connection).toContain('no answer from the broker within 0 s');
    expect(broker.visitors.length).toBe(2);
  });
});

describe('a broker that hangs up without a word', () => {
  it('long after a message came may do so because of it', async () => {
    const broker = await scripted({
      onPublish: ({ topic }, { socket }) => {
        if (topic !== 'slow') return 0;
        setTimeout(() => socket.end(), 5500);
        return undefined;
      },
    });
    const settings = { url: `mqtt://127.0.0.1:${broker.port}`, topicPrefix: 'box', version: '3.1.1' } as const;
    const link = await Link.open(settings, { oneByOne: true });
    if (!(link instanceof Link)) throw new Error(link.reason);
    await link.publish('taken', '', { qos: 1 });
    const failure = await link.publish('slow', '', { qos: 1 }).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(LinkLost);
    expect(failure).toMatchObject({ suspect: true });
  });
});

describe('a message that is far too large', () => {
  it('is cut short before it takes memory, and is a command that is too large', async () => {
    const broker = await running(await aedesBroker());
    const { client } = await publishing(broker);
    const lengths: number[] = [];
    client.subscribe('box/command/+', {
      onMessage: ({ payload }) => lengths.push(payload.length),
      onRefused: (reason) => expect.fail(reason),
    });
    await until(() => client.connected);
    const sender = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`);
    onTestFinished(() => sender.endAsync(true));
    await sleep(200);
    await sender.publishAsync('box/command/status', Buffer.alloc(20_000_000), { qos: 1 });
    await sender.publishAsync('box/command/status', 'after it', { qos: 1 });
    await until(() => lengths.length === 2);
    expect(lengths[0]).toBeLessThan(131_072);
    expect(lengths[1]).toBe(8);
    expect(client.connected).toBe(true);
  });
});

describe('two clients with one client identifier', () => {
  it('are told as such by MQTT 5, and guessed with 3.1.1', async () => {
    for (const version of ['5', '3.1.1'] as const) {
      const broker = await scripted({
        onPublish: (_, { socket, send, connect }) => {
          if (connect.protocolVersion === 5) send({ cmd: 'disconnect', reasonCode: 0x8e });
          socket.end();
          return undefined;
        },
      });
      const { connection } = await publishing(broker, { version, clientId: 'box', reconnectPeriod: 20 });
      await until(() => connection.some((reason) => /another client has the client identifier "box"/.test(reason)));
    }
  });
});
