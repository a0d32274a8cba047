import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { aedesBroker, hasMosquitto, mosquittoBroker } from '../../fixtures/brokers.js';
import { event, publishing, running, subscribed, until } from './clients.js';

/** A cable to a broker: cut, connections end; frozen, they are accepted and stay, and nothing passes. */
async function cable(broker: { port: number }) {
  const sockets = new Set<Socket>();
  let state: 'whole' | 'cut' | 'frozen' = 'whole';
  const server = createServer((near) => {
    near.on('error', () => {});
    sockets.add(near);
    if (state === 'cut') near.destroy();
    if (state !== 'whole') return;
    const far = connect(broker.port, '127.0.0.1');
    for (const [socket, other] of [[near, far] as const, [far, near] as const]) {
      sockets.add(socket);
      socket
        .on('error', () => {})
        .on('close', () => other.destroy())
        .pipe(other);
    }
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const cut = () => {
    state = 'cut';
    for (const socket of sockets) socket.destroy();
    sockets.clear();
  };
  onTestFinished(() => {
    cut();
    server.close();
  });
  return {
    port: (server.address() as AddressInfo).port,
    cut,
    mend: () => {
      state = 'whole';
    },
    freeze: () => {
      state = 'frozen';
      for (const socket of sockets) socket.unpipe().pause();
    },
  };
}

describe.each([
  { name: 'aedes, MQTT 3.1.1', version: '3.1.1', protocol: 4, broker: aedesBroker, skip: false },
  { name: 'Mosquitto, MQTT 5', version: '5', protocol: 5, broker: mosquittoBroker, skip: !hasMosquitto },
] as const)('when the connection is cut, with $name', ({ version, protocol, broker: create, skip }) => {
  it.skipIf(skip)('the broker tells the last will, and "online" once it is back', async () => {
    const broker = await running(await create());
    const wire = await cable(broker);
    const { texts } = await subscribed(broker, protocol);
    await publishing(wire, { version });
    await until(() => texts('availability').at(-1) === 'online');
    wire.cut();
    await until(() => texts('availability').at(-1) === 'offline');
    const later = await subscribed(broker, protocol);
    await until(() => later.on('availability').length > 0);
    expect(later.on('availability')[0]).toMatchObject({ payload: Buffer.from('offline'), retain: true });
    wire.mend();
    await until(() => texts('availability').at(-1) === 'online');
  });

  it.skipIf(skip)(
    'alerts of the meantime follow in order with their heatmaps; verdicts do not; states are the last',
    async () => {
      const broker = await running(await create());
      const wire = await cable(broker);
      const { on, texts } = await subscribed(broker, protocol);
      const { client, publisher } = await publishing(wire, { version });
      await until(() => client.connected);
      wire.cut();
      await until(() => !client.connected);
      const ids = ['a', 'b', 'c', 'd', 'e'];
      for (const id of ids) {
        void publisher.alert(event(id));
        void publisher.heatmap(event(id), Buffer.from('picture'));
        publisher.verdict(event(id).peak.verdict);
      }
      publisher.cameraState('line', 'lost');
      publisher.cameraState('line', 'live');
      wire.mend();
      await until(() => texts('cameras/line/alert').length >= ids.length && texts('cameras/line/state').length > 0);
      await sleep(100);
      expect(texts('cameras/line/alert').map((json) => JSON.parse(json).id)).toEqual(ids);
      expect(texts('cameras/line/state').map((json) => JSON.parse(json).state)).toEqual(['live']);
      await until(() => on('cameras/line/heatmap').length === ids.length);
      expect(on('cameras/line/verdict')).toEqual([]);
    },
  );
});

describe('what is said of a broker that is not reached', () => {
  it('is each reason once, until it is reached again', async () => {
    const broker = await aedesBroker('hush');
    onTestFinished(() => broker.stop());
    const { client, connection } = await publishing(broker, { reconnectPeriod: 50 });
    await sleep(300);
    expect(connection).toEqual([expect.stringMatching(/ECONNREFUSED/)]);
    await broker.start();
    await until(() => connection.length > 1);
    expect(connection[1]).toMatch(/not authorized/i);
    await broker.stop();
    broker.password = undefined;
    await broker.start();
    await until(() => client.connected);
    await sleep(100);
    const before = connection.length;
    expect(connection.at(-1)).toBe('connected');
    await broker.stop();
    await until(() => connection.length === before + 2);
    expect(connection.slice(before)).toEqual(['connection closed by the broker', connection[0]]);
    await broker.start();
  });
});

describe('stopping takes less than five seconds', () => {
  it.each([
    ['is not there', 1000, async () => publishing(await aedesBroker())],
    [
      'accepts connections and says nothing',
      1000,
      async () => {
        const wire = await cable({ port: 1 });
        wire.freeze();
        return publishing(wire);
      },
    ],
    [
      'fell silent',
      3000,
      async () => {
        const wire = await cable(await running(await aedesBroker()));
        const sender = await publishing(wire);
        await until(() => sender.client.connected);
        wire.freeze();
        return sender;
      },
    ],
    [
      'goes at the same moment',
      3000,
      async () => {
        const broker = await aedesBroker();
        await broker.start();
        const sender = await publishing(broker);
        await until(() => sender.client.connected);
        await broker.stop();
        return sender;
      },
    ],
  ])('while the broker %s', async (_what, limit, prepare) => {
    const { client, stop } = await prepare();
    const begin = performance.now();
    await stop();
    expect(performance.now() - begin).toBeLessThan(limit);
    expect(client.connected).toBe(false);
  });
});
