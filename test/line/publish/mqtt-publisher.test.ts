import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it, onTestFinished } from 'vitest';
import { aedesBroker, hasMosquitto, mosquittoBroker } from '../../fixtures/brokers.js';
import { event, publishing, running, subscribed, until } from './clients.js';

describe.each([
  { name: 'aedes, MQTT 3.1.1', version: '3.1.1', protocol: 4, broker: aedesBroker, skip: false },
  { name: 'Mosquitto, MQTT 3.1.1', version: '3.1.1', protocol: 4, broker: mosquittoBroker, skip: !hasMosquitto },
  { name: 'Mosquitto, MQTT 5', version: '5', protocol: 5, broker: mosquittoBroker, skip: !hasMosquitto },
] as const)('with $name', ({ version, protocol, broker: create, skip }) => {
  it.skipIf(skip)('alerts arrive as JSON with QoS 1, heatmaps and verdicts with QoS 0', async () => {
    const broker = await running(await create());
    const { on } = await subscribed(broker, protocol);
    const { client, publisher } = await publishing(broker, { version });
    await until(() => client.connected);
    void publisher.alert(event('a-1'));
    void publisher.heatmap(event('a-1'), Buffer.from('a JPEG'));
    publisher.verdict(event('a-1').peak.verdict);
    await until(() => ['alert', 'heatmap', 'verdict'].every((leaf) => on(`cameras/line/${leaf}`).length > 0));
    const [alert] = on('cameras/line/alert');
    expect(alert).toMatchObject({ qos: 1, retain: false });
    expect(JSON.parse(alert.payload.toString())).toMatchObject({ event: 'opened', id: 'a-1', model: 'bottle' });
    const [heatmap] = on('cameras/line/heatmap');
    expect(heatmap).toMatchObject({ qos: 0, retain: false, payload: Buffer.from('a JPEG') });
    expect(on('cameras/line/verdict')[0]).toMatchObject({ qos: 0, retain: false });
    if (version === '5')
      expect(heatmap.properties).toMatchObject({ contentType: 'image/jpeg', userProperties: { alert: 'a-1' } });
  });

  it.skipIf(skip)('who comes later learns what holds: availability and the state of each camera', async () => {
    const broker = await running(await create());
    const { client, publisher, stop } = await publishing(broker, { version });
    publisher.cameraState('line', 'connecting');
    publisher.cameraState('line', 'lost', 'no route');
    await until(() => client.connected);
    publisher.cameraState('gate', 'live');
    await sleep(100);
    const { on, texts } = await subscribed(broker, protocol);
    await until(() => texts('cameras/gate/state').length > 0);
    expect(texts('availability')).toEqual(['online']);
    expect(on('cameras/line/state').map(({ retain }) => retain)).toEqual([true]);
    expect(JSON.parse(texts('cameras/line/state')[0])).toMatchObject({ state: 'lost', reason: 'no route' });
    await stop();
    await until(() => texts('availability').at(-1) === 'offline');
  });

  it.skipIf(skip)('alerts and their heatmaps wait for a broker that is not there yet', async () => {
    const broker = await create();
    onTestFinished(() => broker.stop());
    const { publisher, connection } = await publishing(broker, { version });
    await until(() => connection.length > 0);
    expect(connection[0]).toMatch(/ECONNREFUSED/);
    void publisher.alert(event('early'));
    void publisher.heatmap(event('early'), Buffer.from('picture'));
    await broker.start();
    const { on, texts } = await subscribed(broker, protocol);
    await until(() => on('cameras/line/alert').length > 0);
    expect(JSON.parse(texts('cameras/line/alert')[0]).id).toBe('early');
    await until(() => on('cameras/line/heatmap').length > 0);
    expect(texts('cameras/line/heatmap')).toEqual(['picture']);
  });

  it.skipIf(skip)('what holds is told again to a broker that came back and has forgotten it', async () => {
    const broker = await running(await create());
    const { client, publisher, connection } = await publishing(broker, { version });
    publisher.cameraState('line', 'live');
    await until(() => client.connected);
    await broker.stop();
    await until(() => !client.connected);
    await broker.start();
    await until(() => client.connected);
    await sleep(100);
    const { texts } = await subscribed(broker, protocol);
    await until(() => texts('cameras/line/state').length > 0);
    expect(texts('availability')).toEqual(['online']);
    expect([connection[0], connection.at(-1)]).toEqual(['connected', 'connected']);
  });

  it.skipIf(skip)('a refused password is told without showing it, and tried again', async () => {
    const broker = await running(await create('open sesame'));
    const credentials = { username: 'line', password: 'hush' };
    const { client, connection } = await publishing(broker, { version, ...credentials });
    await until(() => connection.length > 0);
    expect(connection[0]).toMatch(/not authorized|bad user/i);
    expect(connection[0]).not.toContain('hush');
    broker.password = 'hush';
    await broker.stop();
    await broker.start();
    await until(() => client.connected);
  });
});

it('a certificate that is not there is an error in the configuration', async () => {
  await expect(publishing({ port: 1 }, { ca: '/nowhere/ca.pem' })).rejects.toMatchObject({
    code: 'CONFIG_INVALID',
    message: expect.stringContaining('/nowhere/ca.pem cannot be read'),
  });
});
