import { execFile } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { promisify } from 'node:util';
import mqtt from 'mqtt';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CommandChannel, type Incoming } from '../../../src/line/publish/command-channel.js';
import { topics } from '../../../src/line/publish/topics.js';
import { hasMosquitto, hasMosquittoClients, mosquittoBroker } from '../../fixtures/brokers.js';
import { requester } from '../../fixtures/requester.js';
import { publishing, running, subscribed, until } from './clients.js';

const run = promisify(execFile);

/** A daemon's end that answers every command with its name and the number of commands so far. */
async function listening(version: '5' | '3.1.1') {
  const broker = await running(await mosquittoBroker());
  const { client } = await publishing(broker, { version });
  const taken: Incoming[] = [];
  const ignored: Incoming[] = [];
  const channel = new CommandChannel({
    client,
    prefix: 'box',
    topics: topics('box'),
    answer: async (command) => JSON.stringify({ command: command.name, nth: taken.push(command) }),
    onIgnored: (command) => ignored.push(command),
    onRefused: (reason) => expect.fail(reason),
  });
  const start = async () => {
    channel.start();
    await until(() => client.connected);
    await sleep(200);
  };
  return { broker, client, channel, taken, ignored, start };
}

/** Sends a message as MQTT 5. */
async function send(port: number, topic: string, payload: string, options: mqtt.IClientPublishOptions = {}) {
  const client = await mqtt.connectAsync(`mqtt://127.0.0.1:${port}`, { protocolVersion: 5 });
  await client.publishAsync(topic, payload, { qos: 1, ...options });
  await client.endAsync();
}

describe.skipIf(!hasMosquitto)('commands over MQTT 5', () => {
  it('are answered where the request says, with its correlation data', async () => {
    const { broker, taken, start } = await listening('5');
    await start();
    const { request, close } = await requester(broker.port);
    onTestFinished(close);
    expect(await request('box/command/activate', '{"version":"2"}')).toEqual({ command: 'activate', nth: 1 });
    expect(await request('box/cameras/line/command/mute', '')).toEqual({ command: 'mute', nth: 2 });
    expect(taken).toEqual([
      { name: 'activate', payload: Buffer.from('{"version":"2"}') },
      { name: 'mute', camera: 'line', payload: Buffer.from('') },
    ]);
  });

  it.skipIf(!hasMosquittoClients)('are what mosquitto_rr sends', async () => {
    const { broker, start } = await listening('5');
    await start();
    const { stdout } = await run('mosquitto_rr', [
      ...['-p', String(broker.port), '-V', '5', '-W', '20', '-e', 'answers/me'],
      ...['-t', 'box/command/activate', '-m', '{"version":"2"}'],
    ]);
    expect(JSON.parse(stdout)).toEqual({ command: 'activate', nth: 1 });
  });

  it.each([
    ['names none', undefined],
    ['names one of ours', 'box/cameras/line/alert'],
    ['names the prefix itself', 'box'],
    ['names one of the broker', '$SYS/broker/version'],
  ])('are answered at the reply topic when the request %s', async (_what, responseTopic) => {
    const { broker, start } = await listening('5');
    const { on, texts } = await subscribed(broker, 5);
    await start();
    const properties = { correlationData: Buffer.from('c-1'), ...(responseTopic && { responseTopic }) };
    await send(broker.port, 'box/command/status', '', { properties });
    await until(() => texts('reply').length > 0);
    expect(texts('reply')).toEqual(['{"command":"status","nth":1}']);
    expect(on('reply')[0].properties?.correlationData).toEqual(Buffer.from('c-1'));
    expect(on('cameras/line/alert')).toEqual([]);
  });
});

describe.skipIf(!hasMosquitto).each(['5', '3.1.1'] as const)('commands, with MQTT %s', (version) => {
  it('are answered at the reply topic where none is named', async () => {
    const { broker, start } = await listening(version);
    const { texts } = await subscribed(broker);
    await start();
    await send(broker.port, 'box/cameras/line/command/unmute', '');
    await until(() => texts('reply').length > 0);
    expect(texts('reply')).toEqual(['{"command":"unmute","nth":1}']);
  });

  it('that the broker had kept are ignored', async () => {
    const { broker, taken, ignored, start } = await listening(version);
    const { texts } = await subscribed(broker);
    await send(broker.port, 'box/command/activate', '{"version":"1"}', { retain: true });
    await start();
    await until(() => ignored.length > 0);
    expect(ignored[0]).toMatchObject({ name: 'activate' });
    expect(taken).toEqual([]);
    expect(texts('reply')).toEqual([]);
  });

  it('come again after the broker has', async () => {
    const { broker, client, start } = await listening(version);
    await start();
    await broker.stop();
    await until(() => !client.connected);
    await broker.start();
    await until(() => client.connected);
    await sleep(200);
    const { texts } = await subscribed(broker);
    await send(broker.port, 'box/command/status', '');
    await until(() => texts('reply').length > 0);
    await sleep(200);
    expect(texts('reply')).toEqual(['{"command":"status","nth":1}']);
  });

  it('are not taken any more once it is stopped', async () => {
    const { broker, channel, taken, start } = await listening(version);
    await start();
    await channel.stop();
    await send(broker.port, 'box/command/status', '');
    await sleep(200);
    expect(taken).toEqual([]);
  });
});
