import fc from 'fast-check';
import mqtt, { type IPublishPacket } from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { deviceId, discoveryPayload, HomeAssistant } from '../../../src/line/publish/home-assistant.js';
import { topics } from '../../../src/line/publish/topics.js';
import { hasMosquitto, mosquittoBroker } from '../../fixtures/brokers.js';
import { publishing, running, until } from './clients.js';

/** What Home Assistant hears; it says that it has started by `birth`. */
async function homeAssistant(port: number) {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`);
  onTestFinished(() => client.endAsync(true));
  const heard: IPublishPacket[] = [];
  client.on('message', (_topic, _payload, packet) => heard.push(packet));
  await client.subscribeAsync('homeassistant/device/+/config');
  const birth = () => client.publishAsync('homeassistant/status', 'online');
  return { heard, birth, configs: () => heard.map(({ payload }) => JSON.parse(payload.toString() || 'null')) };
}

async function telling(port: number, version: '5' | '3.1.1') {
  const { client } = await publishing({ port }, { version });
  const telling = new HomeAssistant({
    client,
    prefix: 'box',
    topics: topics('box'),
    discoveryPrefix: 'homeassistant',
    onRefused: (reason) => expect.fail(reason),
  });
  telling.start();
  for (const camera of ['line', 'gate']) telling.add(camera);
  return { client, telling };
}

interface Discovery {
  readonly device: { readonly identifiers: string[] };
  readonly origin: { readonly name: string };
  readonly availability: readonly { readonly topic: string }[];
  readonly components: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

describe.skipIf(!hasMosquitto).each(['5', '3.1.1'] as const)('Home Assistant, with MQTT %s', (version) => {
  it('learns of every camera, with ids of their own, also when it comes later', async () => {
    const broker = await running(await mosquittoBroker());
    const { client } = await telling(broker.port, version);
    await until(() => client.connected);
    const { heard, configs } = await homeAssistant(broker.port);
    await until(() => heard.length >= 2);
    expect(heard.map(({ retain }) => retain)).toEqual([true, true]);
    const all = configs() as Discovery[];
    const ids = all.flatMap(({ components }) => Object.values(components).map(({ unique_id }) => unique_id));
    expect(new Set(ids).size).toBe(6);
    expect(new Set(all.flatMap(({ device }) => device.identifiers)).size).toBe(2);
    for (const { origin, components } of all) {
      expect(origin.name).toBe('kdad-edge');
      expect(Object.values(components).map(({ platform }) => platform)).toEqual(['binary_sensor', 'sensor', 'image']);
    }
  });

  it('is told again when it has started, and when the broker has', async () => {
    const broker = await running(await mosquittoBroker());
    const { client } = await telling(broker.port, version);
    const { heard, birth } = await homeAssistant(broker.port);
    await until(() => heard.length === 2);
    await until(() => client.connected);
    const before = heard.length;
    await birth();
    await until(() => heard.length === before + 2);
    await broker.stop();
    await until(() => !client.connected);
    await broker.start();
    const later = await homeAssistant(broker.port);
    await until(() => later.heard.length >= 2);
  });

  it('takes away a camera that is watched no more', async () => {
    const broker = await running(await mosquittoBroker());
    const { telling: told } = await telling(broker.port, version);
    const { heard, configs, birth } = await homeAssistant(broker.port);
    await until(() => heard.length === 2);
    told.forget('gate');
    await until(() => heard.length === 3);
    expect(configs()[2]).toBeNull();
    await birth();
    await until(() => heard.length === 4);
    expect(configs()[3].device.name).toBe('box line');
  });
});

describe('what Home Assistant learns of a camera', () => {
  it('is where its alert, its ratio and its heatmap are told, and when they count', () => {
    const { availability, components } = discoveryPayload('line', {
      prefix: 'box',
      topics: topics('box'),
    }) as Discovery;
    expect(availability.map(({ topic }) => topic)).toEqual(['box/availability', 'box/cameras/line/state']);
    expect(components).toMatchObject({
      alert: { device_class: 'problem', state_topic: 'box/cameras/line/inspection' },
      ratio: { state_topic: 'box/cameras/line/inspection', state_class: 'measurement' },
      heatmap: { image_topic: 'box/cameras/line/heatmap', content_type: 'image/jpeg' },
    });
  });

  it('has an id that may be part of a topic, and is that of no other camera', () => {
    const name = fc.tuple(
      fc.string({ minLength: 1, maxLength: 8 }),
      fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_-]{0,4}$/),
    );
    fc.assert(
      fc.property(name, name, (a, b) => {
        expect(deviceId(...a)).toMatch(/^[A-Za-z0-9_-]+$/);
        expect(deviceId(...a) === deviceId(...b)).toBe(a.join('/') === b.join('/'));
      }),
    );
    expect(deviceId('plant/box', 'a')).not.toBe(deviceId('plant-box', 'a'));
  });
});
