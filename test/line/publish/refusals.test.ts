import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { steadyNow } from '../../../src/common/clock.js';
import { RefusedFolder } from '../../../src/line/publish/refused-folder.js';
import { RestingTopics } from '../../../src/line/publish/resting-topics.js';
import { hasMosquitto, mosquittoBroker } from '../../fixtures/brokers.js';
import { type Script, scriptedBroker } from '../../fixtures/scripted-broker.js';
import { event, publishing, running, subscribed, until } from './clients.js';

async function scripted(script: Script) {
  const broker = await scriptedBroker(script);
  onTestFinished(broker.stop);
  return broker;
}

const alertsOn = (published: readonly { topic: string; payload: string | Buffer }[], camera: string) =>
  published
    .filter(({ topic }) => topic === `box/cameras/${camera}/alert`)
    .map(({ payload }) => JSON.parse(payload.toString()).id);

const from = (camera: string, id: string) => ({ ...event(id), camera });

describe('a message that the broker will never take', () => {
  it.each([
    [0x87, 'not authorised'],
    [0x90, 'topic name invalid'],
    [0x99, 'payload format invalid'],
  ])('(PUBACK %i) is set aside at once, told and not sent again; the others arrive', async (code, reason) => {
    const refused = (topic: string) => topic === 'box/cameras/gate/alert';
    const broker = await scripted({ onPublish: ({ topic }) => (refused(topic) ? code : 0) });
    const { publisher, outbox, refusals } = await publishing(broker, { version: '5' });
    await publisher.alert(from('gate', 'never'));
    for (const id of ['a', 'b', 'c']) await publisher.alert(event(id));
    await until(() => outbox.depth === 0);
    expect(alertsOn(broker.published, 'line')).toEqual(['a', 'b', 'c']);
    expect(alertsOn(broker.published, 'gate')).toEqual(['never']);
    expect(refusals).toEqual([`box/cameras/gate/alert: ${reason} (0x${code.toString(16)})`]);
  });

  it.each([0x80, 0x83, 0x91, 0x97])('(perhaps: PUBACK %i) keeps back its own topic alone', async (code) => {
    const broker = await scripted({ onPublish: ({ topic }) => (topic === 'box/cameras/gate/alert' ? code : 0) });
    const { publisher, outbox, refusals } = await publishing(broker, { version: '5' });
    await publisher.alert(from('gate', 'perhaps'));
    for (const id of ['a', 'b', 'c']) await publisher.alert(event(id));
    await until(() => alertsOn(broker.published, 'line').length === 3 && outbox.depth === 1);
    expect(refusals).toEqual([]);
  });

  it.each([
    ['hangs up without a word', undefined, '3.1.1', /hung up 4 times in a row when it came/],
    ['hangs up without a word', undefined, '5', /hung up 4 times in a row when it came/],
    ['disconnects us', 0x95, '5', /packet too large/],
    ['disconnects us', 0x99, '5', /payload format invalid/],
    ['disconnects us', 0x94, '5', /topic alias invalid/],
  ] as const)('so that it %s (%s, MQTT %s) does not keep back the others', async (_, code, version, reason) => {
    const broker = await scripted({
      onPublish: ({ topic }, { socket, send }) => {
        if (topic !== 'box/cameras/gate/alert') return 0;
        if (code !== undefined) send({ cmd: 'disconnect', reasonCode: code });
        socket.end();
        return undefined;
      },
    });
    const { publisher, outbox, refusals } = await publishing(broker, { version, reconnectPeriod: 50 });
    await publisher.alert(from('gate', 'poison'));
    for (const id of ['a', 'b', 'c']) await publisher.alert(event(id));
    await until(() => outbox.depth === 0);
    expect(new Set(alertsOn(broker.published, 'line'))).toEqual(new Set(['a', 'b', 'c']));
    expect(refusals).toEqual([expect.stringMatching(reason)]);
    expect(alertsOn(broker.published, 'gate').length).toBeLessThanOrEqual(6);
  });

  it.each([0x95, 0x89])(
    'may be answered with a code that belongs to no PUBACK (%i): the others arrive',
    async (code) => {
      const broker = await scripted({ onPublish: ({ topic }) => (topic === 'box/cameras/gate/alert' ? code : 0) });
      const { publisher, outbox, refusals } = await publishing(broker, { version: '5', reconnectPeriod: 50 });
      await publisher.alert(from('gate', 'never'));
      for (const id of ['a', 'b', 'c']) await publisher.alert(event(id));
      await until(() => outbox.depth === 0);
      expect(new Set(alertsOn(broker.published, 'line'))).toEqual(new Set(['a', 'b', 'c']));
      expect(refusals).toEqual([expect.stringMatching(/^box\/cameras\/gate\/alert: /)]);
    },
  );

  it('may be any to a topic that the broker hangs up on: it hangs up on two of them, and is spared the others', async () => {
    const broker = await scripted({
      onPublish: ({ topic }, { socket }) => {
        if (topic !== 'box/cameras/gate/alert') return 0;
        socket.end();
        return undefined;
      },
    });
    const { publisher, outbox, refusals } = await publishing(broker, { version: '3.1.1', reconnectPeriod: 50 });
    for (const id of ['1', '2', '3', '4', '5', '6', '7', '8']) await publisher.alert(from('gate', id));
    await publisher.alert(event('a'));
    await until(() => outbox.depth === 0);
    expect(refusals).toHaveLength(8);
    expect(new Set(alertsOn(broker.published, 'gate'))).toEqual(new Set(['1', '2']));
    expect(alertsOn(broker.published, 'line')).toContain('a');
  });

  it('leaves its topic to those that the broker takes', async () => {
    const broker = await scripted({
      onPublish: ({ payload }, { socket }) => {
        if (!payload.toString().includes('poison')) return 0;
        socket.end();
        return undefined;
      },
    });
    const { publisher, outbox, refusals } = await publishing(broker, { version: '3.1.1', reconnectPeriod: 50 });
    for (const id of ['a', 'poison-1', 'b', 'poison-2', 'c']) await publisher.alert(event(id));
    await until(() => outbox.depth === 0);
    expect(refusals).toHaveLength(2);
    expect(alertsOn(broker.published, 'line')).toEqual(expect.arrayContaining(['a', 'b', 'c']));
  });

  it('may be a heatmap, which nobody acknowledges: what was found out otherwise holds for it', async () => {
    const broker = await scripted({});
    const { client, publisher, outbox, refusals } = await publishing(broker, { version: '5' });
    client.knowRefusals(new Map(['alert', 'heatmap'].map((kind) => [`box/cameras/line/${kind}`, 'not authorised'])));
    await publisher.heatmap(event('a'), Buffer.from('overlay'));
    // Of an alert the broker tells by itself.
    await publisher.alert(event('a'));
    await until(() => outbox.depth === 0 && alertsOn(broker.published, 'line').length > 0);
    expect(refusals).toEqual(['box/cameras/line/heatmap: not authorised']);
    expect(alertsOn(broker.published, 'line')).toEqual(['a']);
  });

  it('may be one that is retained: alerts go on, and it is told', async () => {
    const broker = await scripted({
      onPublish: ({ topic }, { socket }) => {
        if (topic !== 'box/cameras/line/state') return 0;
        socket.end();
        return undefined;
      },
    });
    const { publisher, connection, outbox } = await publishing(broker, { version: '3.1.1', reconnectPeriod: 50 });
    publisher.cameraState('line', 'live');
    await until(() => connection.includes('refused box/cameras/line/state'));
    await publisher.alert(event('a'));
    await until(() => outbox.depth === 0);
    expect(alertsOn(broker.published, 'line')).toEqual(['a']);
  });

  it('may be a verdict, which nobody acknowledges: it is sent no more, and alerts go on', async () => {
    const broker = await scripted({
      onPublish: ({ topic }, { socket }) => {
        if (topic !== 'box/cameras/line/verdict') return 0;
        socket.end();
        return undefined;
      },
    });
    const { client, publisher, connection, outbox } = await publishing(broker, { reconnectPeriod: 50 });
    const sending = setInterval(() => client.connected && publisher.verdict(event('v').peak.verdict), 20);
    onTestFinished(() => clearInterval(sending));
    await until(() => connection.includes('refused box/cameras/line/verdict'));
    await publisher.alert(event('a'));
    await until(() => outbox.depth === 0);
    expect(client.connected).toBe(true);
  });

  it('may be a subscription: it is told, and alerts go on', async () => {
    const broker = await scripted({
      onSubscribe: (_filter, { socket }) => {
        socket.end();
        return undefined;
      },
    });
    const { client, publisher, outbox } = await publishing(broker, { reconnectPeriod: 50 });
    const refused: string[] = [];
    client.subscribe('box/command/+', { onMessage: () => {}, onRefused: (reason) => refused.push(reason) });
    await until(() => refused.length > 0);
    expect(refused[0]).toMatch(/^box\/command\/\+: the broker hung up 4 times in a row/);
    await publisher.alert(event('a'));
    await until(() => outbox.depth === 0);
  });

  it.skipIf(!hasMosquitto)('is known with Mosquitto, whose list of rights has forgotten a camera', async () => {
    const broker = await mosquittoBroker();
    broker.rights = ['topic readwrite box/availability', 'topic readwrite box/cameras/line/#', 'topic read #'];
    await running(broker);
    const { texts } = await subscribed(broker, 5);
    const { publisher, outbox, refusals } = await publishing(broker, { version: '5' });
    await publisher.alert(from('gate', 'never'));
    await publisher.alert(event('a'));
    await until(() => outbox.depth === 0 && texts('cameras/line/alert').length === 1);
    expect(refusals).toEqual(['box/cameras/gate/alert: not authorised (0x87)']);
  });
});

describe('a topic that rests', () => {
  it('counts refusals in a row, and forgets them with the first message that arrives', () => {
    const topics = new RestingTopics();
    expect([1, 2, 3, 4].map(() => topics.refused('a'))).toEqual([false, false, false, false]);
    topics.delivered('a');
    expect(topics.isResting('a')).toBe(false);
    expect([1, 2, 3, 4, 5].map(() => topics.refused('a'))).toEqual([false, false, false, false, true]);
    expect(topics.isResting('a')).toBe(true);
    expect(topics.isResting('b')).toBe(false);
    expect(topics.next()).toBeLessThanOrEqual(60_000);
  });

  it('is told by one time to rest, and how long', () => {
    const topics = new RestingTopics();
    topics.pause('a');
    const end = steadyNow() + 1000;
    expect(topics.isResting('a', end - 500)).toBe(true);
    expect(topics.next(end - 500)).toBeGreaterThan(0);
    expect(topics.isResting('a', end)).toBe(false);
    expect(topics.next(end)).toBeUndefined();
  });
});

describe('what was refused', () => {
  const message = (text: string, kind: 'alert' | 'heatmap' = 'alert') =>
    ({ kind, topic: 'box/alert', alert: 'a', madeAt: 0, payload: Buffer.from(text) }) as const;

  it('is kept for people, with topic and reason', async () => {
    const folder = join(await mkdtemp(join(inject('shared'), 'refused-')), 'refused');
    const file = await new RefusedFolder(folder).keep(message('{"event":"opened"}'), 'not authorised', 0);
    expect(JSON.parse(await readFile(file, 'utf8'))).toEqual({
      topic: 'box/alert',
      reason: 'not authorised',
      refusedAt: '1970-01-01T00:00:00.000Z',
      kind: 'alert',
      alert: 'a',
      payload: '{"event":"opened"}',
    });
  });

  it.each([
    ['messages', { messages: 3, bytes: 1e6 }],
    ['bytes', { messages: 1000, bytes: 550 }],
  ])('stays within bounds of %s, also over restarts: the oldest goes', async (_, limits) => {
    const folder = await mkdtemp(join(inject('shared'), 'refused-'));
    for (let i = 0; i < 6; i++) await new RefusedFolder(folder, limits).keep(message(`${i}`), 'no', i);
    const texts = (await readdir(folder)).sort();
    expect(texts).toHaveLength(3);
    expect(JSON.parse(await readFile(join(folder, texts[2]), 'utf8')).payload).toBe('5');
  });
});
