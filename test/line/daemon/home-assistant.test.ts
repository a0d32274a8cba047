import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import mqtt from 'mqtt';
import { beforeAll, expect, inject, it, onTestFinished } from 'vitest';
import { hasMosquitto, mosquittoBroker } from '../../fixtures/brokers.js';
import { makeVideo, startDaemon, until } from '../../fixtures/daemon.js';
import { tinyBundle } from '../../fixtures/tiny-bundle.js';

let folder: string;
beforeAll(async () => {
  folder = join(inject('shared'), 'home-assistant');
  await mkdir(folder, { recursive: true });
  await tinyBundle();
  await makeVideo(join(folder, 'part.avi'), { good: 2, bad: 20 });
});

it.skipIf(!hasMosquitto)(
  'Home Assistant that starts later finds the camera, its alert and its ratio, and is told again',
  async () => {
    const broker = await mosquittoBroker();
    await broker.start();
    onTestFinished(() => broker.stop());
    const { bundle } = await tinyBundle();
    const daemon = await startDaemon(
      'box',
      `model: ${bundle}
cameras: [{ name: line, source: { kind: file, path: ../part.avi, loop: true } }]
alert: { goodFrames: 10 }
mqtt: { url: "mqtt://127.0.0.1:${broker.port}", topicPrefix: box, homeAssistant: true, discoveryPrefix: ha }
http: { port: 0 }
`,
      { folder, brokerPort: broker.port },
    );
    await until(() => daemon.on('cameras/line/alert').length > 0, daemon.log);

    const home = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`);
    onTestFinished(() => home.endAsync(true));
    const heard = new Map<string, unknown[]>();
    home.on('message', (topic, payload) => {
      heard.set(topic, [...(heard.get(topic) ?? []), payload.toString()]);
    });
    await home.subscribeAsync('ha/device/+/config');
    await until(() => heard.size === 1, daemon.log);
    const [[topic, [config]]] = heard;
    const { availability, components } = JSON.parse(config as string);
    for (const { topic } of availability) await home.subscribeAsync(topic);
    await home.subscribeAsync(components.alert.state_topic);
    const last = (of: string) => JSON.parse(String(heard.get(of)?.at(-1) ?? 'null'));
    await until(() => last(components.alert.state_topic)?.alert === 'open', daemon.log);
    expect(last(components.ratio.state_topic)).toMatchObject({ ratio: expect.any(Number), time: expect.any(String) });
    expect(heard.get(availability[0].topic)).toEqual(['online']);
    expect(last(availability[1].topic).state).toBe('live');

    await home.publishAsync('ha/status', 'online');
    await until(() => heard.get(topic)?.length === 2, daemon.log);
    expect(heard.get(topic)).toEqual([config, config]);
    daemon.process.kill('SIGTERM');
    await until(() => last(components.alert.state_topic).alert === 'closed', daemon.log);
    await until(() => heard.get(availability[0].topic)?.at(-1) === 'offline', daemon.log);
    await daemon.close();
  },
);
