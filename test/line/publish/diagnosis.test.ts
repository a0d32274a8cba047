import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import type { AddressInfo, Server } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { Aedes } from 'aedes';
import { describe, expect, it, onTestFinished } from 'vitest';
import { checkBroker, tryTopics } from '../../../src/line/publish/check-broker.js';
import type { MqttSettings } from '../../../src/line/publish/connection.js';
import { aedesBroker, hasMosquitto, mosquittoBroker } from '../../fixtures/brokers.js';
import { certificates, hasOpenssl } from '../../fixtures/certificates.js';
import { scriptedBroker } from '../../fixtures/scripted-broker.js';
import { publishing, running, subscribed, until } from './clients.js';

/** Why the broker is not reached, as the daemon's log tells it and as the doctor does: both say the same. */
async function reasonOf(settings: Omit<MqttSettings, 'topicPrefix'>): Promise<string> {
  const whole = { topicPrefix: 'box', ...settings };
  const { connection } = await publishing({ port: 1 }, whole);
  const found = await checkBroker(whole).catch((error) => error);
  expect(found).toMatchObject({ code: 'BROKER_UNREACHABLE' });
  await until(() => connection.length > 0);
  expect(found.message).toBe(`${settings.url}: ${connection[0]}`);
  return connection[0];
}

async function listening(server: Server): Promise<number> {
  server.listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await once(server, 'listening');
  return (server.address() as AddressInfo).port;
}

/** A broker behind TLS. */
async function tlsBroker({ cert, key }: { cert: string; key: string }): Promise<number> {
  const aedes = await Aedes.createBroker();
  onTestFinished(() => new Promise<void>((resolve) => aedes.close(() => resolve())));
  const server = createTlsServer({ cert: await readFile(cert), key: await readFile(key) }, aedes.handle);
  return listening(server.on('tlsClientError', () => {}));
}

describe('the reason why a broker is not reached', () => {
  it('is the version of MQTT, which the broker refuses', async () => {
    const { port } = await running(await aedesBroker());
    expect(await reasonOf({ url: `mqtt://127.0.0.1:${port}`, version: '5' })).toMatch(
      /the broker does not speak MQTT 5: set mqtt\.version: 3\.1\.1$/,
    );
  });

  it('is the version of MQTT, where the broker hangs up without a word', async () => {
    const broker = await scriptedBroker({
      connack: ({ protocolVersion }, number) => {
        if (protocolVersion === 5) broker.visitors[number - 1].socket.destroy();
        return {};
      },
    });
    onTestFinished(broker.stop);
    expect(await reasonOf({ url: `mqtt://127.0.0.1:${broker.port}`, version: '5' })).toMatch(
      /the broker speaks MQTT 3\.1\.1 only: set mqtt\.version: 3\.1\.1$/,
    );
  });

  it('is the user or the password', async () => {
    const { port } = await running(await aedesBroker('right'));
    const url = `mqtt://127.0.0.1:${port}`;
    const reason = await reasonOf({ url, version: '3.1.1', username: 'line', password: 'hush' });
    expect(reason).toMatch(
      /not authorized: the broker does not let us in as line: check mqtt\.username and the password$/i,
    );
    expect(await reasonOf({ url, version: '3.1.1' })).toMatch(/does not let us in without mqtt\.username/);
  });

  it('is a port that speaks HTTP', async () => {
    const port = await listening(createHttpServer());
    expect(await reasonOf({ url: `mqtt://127.0.0.1:${port}`, version: '5' })).toMatch(
      /the port speaks HTTP: name that of MQTT/,
    );
  });

  it.skipIf(!hasMosquitto).each(['5', '3.1.1'] as const)('is TLS to a port without, with MQTT %s', async (version) => {
    const { port } = await running(await mosquittoBroker());
    expect(await reasonOf({ url: `mqtts://127.0.0.1:${port}`, version })).toMatch(
      new RegExp(
        `: the port speaks MQTT without TLS: set mqtt\\.url to mqtt://127\\.0\\.0\\.1:${port}, or name the port of TLS$`,
      ),
    );
  });

  describe.skipIf(!hasOpenssl)('with certificates', () => {
    it('is a port that speaks TLS', async () => {
      const port = await tlsBroker(await certificates());
      expect(await reasonOf({ url: `mqtt://127.0.0.1:${port}`, version: '3.1.1' })).toMatch(
        new RegExp(`: the port speaks TLS: set mqtt\\.url to mqtts://127\\.0\\.0\\.1:${port}$`),
      );
    });

    it.skipIf(!hasMosquitto)('is a port of Mosquitto that speaks TLS', async () => {
      const { ca, cert, key } = await certificates();
      const broker = await mosquittoBroker();
      broker.more = [`cafile ${ca}`, `certfile ${cert}`, `keyfile ${key}`];
      const { port } = await running(broker);
      expect(await reasonOf({ url: `mqtt://127.0.0.1:${port}`, version: '5' })).toMatch(
        /: the port speaks TLS: set mqtt\.url/,
      );
    });

    it('is an authority that is not told, or another one', async () => {
      const port = await tlsBroker(await certificates());
      const url = `mqtts://localhost:${port}`;
      expect(await reasonOf({ url, version: '3.1.1' })).toMatch(
        /no public authority signed .* name the file .* in mqtt\.ca$/,
      );
      const { ca } = await certificates();
      expect(await reasonOf({ url, version: '3.1.1', ca })).toMatch(
        new RegExp(`the authority in mqtt\\.ca \\(${ca}\\) did not sign the broker's certificate`),
      );
    });

    it('is a name that the certificate is not for', async () => {
      const files = await certificates('broker.example');
      const url = `mqtts://localhost:${await tlsBroker(files)}`;
      expect(await reasonOf({ url, version: '3.1.1', ca: files.ca })).toMatch(
        /is for another name: name it in mqtt\.url/,
      );
    });

    it('is told before connecting where a file is no certificate, or not the one that belongs to the key', async () => {
      const [one, other] = [await certificates(), await certificates()];
      const rubbish = `${one.ca}.txt`;
      await writeFile(rubbish, 'no certificate');
      for (const [files, message] of [
        [{ ca: rubbish }, `mqtt.ca: ${rubbish}: expected a certificate in PEM`],
        [{ cert: rubbish, key: one.key }, `mqtt.cert: ${rubbish}: expected a certificate in PEM`],
        [{ cert: one.cert, key: other.key }, `${one.cert} and ${other.key}: expected a certificate and its key`],
      ] as const) {
        const settings = { url: 'mqtts://localhost:1', version: '5', topicPrefix: 'box', ...files } as const;
        const error = { code: 'CONFIG_INVALID', message: expect.stringContaining(message) };
        await expect(checkBroker(settings)).rejects.toMatchObject(error);
        await expect(publishing({ port: 1 }, settings)).rejects.toMatchObject(error);
      }
    });

    it('is none where everything fits', async () => {
      const files = await certificates();
      const url = `mqtts://localhost:${await tlsBroker(files)}`;
      await checkBroker({ url, version: '3.1.1', topicPrefix: 'box', ca: files.ca });
    });
  });
});

describe('whether the broker takes alerts', () => {
  const payload = '{"event":"test"}';

  it.skipIf(!hasMosquitto).each(['5', '3.1.1'] as const)(
    'is found out with Mosquitto, and no subscriber hears of it, with MQTT %s in the settings',
    async (version) => {
      const broker = await mosquittoBroker();
      broker.rights = ['topic readwrite box/cameras/line/#', 'topic read #'];
      const { port } = await running(broker);
      const { on } = await subscribed(broker, 5);
      const topics = ['box/cameras/gate/alert', 'box/cameras/line/alert', 'box/cameras/line/heatmap'];
      const settings = { url: `mqtt://127.0.0.1:${port}`, version, topicPrefix: 'box' };
      const trial = await tryTopics(settings, topics, { payload, seen: true });
      expect(trial).toEqual({ tells: true, refused: new Map([['box/cameras/gate/alert', 'not authorised (0x87)']]) });
      const { client } = await publishing(broker, { version });
      await until(() => client.connected);
      client.send('box/cameras/line/verdict', 'after it', { qos: 1 });
      await until(() => on('cameras/line/verdict').length > 0);
      expect(on('cameras/line/alert')).toEqual([]);
    },
  );

  it('is found out where the broker speaks 3.1.1 only and hangs up, at the price that subscribers hear of it', async () => {
    const broker = await scriptedBroker({
      connack: ({ protocolVersion }) => (protocolVersion === 5 ? { reasonCode: 1, returnCode: 1 } : {}),
      onPublish: ({ topic }, { socket }) => {
        if (!topic.includes('gate')) return 0;
        socket.destroy();
        return undefined;
      },
    });
    onTestFinished(broker.stop);
    const settings = { url: `mqtt://127.0.0.1:${broker.port}`, version: '3.1.1', topicPrefix: 'box' } as const;
    const topics = ['box/cameras/gate/alert', 'box/cameras/line/alert'];
    expect(await tryTopics(settings, topics, { payload, seen: false })).toBeUndefined();
    const trial = await tryTopics(settings, topics, { payload, seen: true });
    expect([...(trial?.refused.keys() ?? [])]).toEqual(['box/cameras/gate/alert']);
    expect(trial?.tells).toBe(false);
  });
});
