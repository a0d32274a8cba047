import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import mqtt from 'mqtt';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { aedesBroker, hasMosquitto, mosquittoBroker } from '../fixtures/brokers.js';
import { until } from '../fixtures/daemon.js';

const script = fileURLToPath(new URL('../fixtures/publisher.js', import.meta.url));
const ALERTS = 50;
const KILLS = 2;

describe.each([
  { name: 'aedes', create: aedesBroker, skip: false },
  { name: 'Mosquitto', create: mosquittoBroker, skip: !hasMosquitto },
])('while $name is down', ({ create, skip }) => {
  it.skipIf(skip)(
    `${ALERTS} alerts open and their process is killed with -9 ${KILLS} times: none is lost, in order, late ones marked`,
    async () => {
      const broker = await create();
      const state = await mkdtemp(join(inject('shared'), 'outbox-kills-'));
      let publisher: ChildProcess | undefined;
      let onDisk = -1;
      const publish = () => {
        const child = spawn(
          process.execPath,
          [script, String(broker.port), state, String(onDisk + 1), String(ALERTS)],
          {
            stdio: ['ignore', 'pipe', 'inherit'],
          },
        );
        createInterface(child.stdout).on('line', (line) => {
          onDisk = Number(line);
        });
        publisher = child;
      };
      onTestFinished(() => void publisher?.kill('SIGKILL'));
      for (let kill = 1; kill <= KILLS; kill++) {
        publish();
        const enough = Math.floor((kill * ALERTS) / KILLS) - 1;
        await until(
          () => onDisk >= enough,
          () => `${onDisk} are on disk`,
        );
        publisher?.kill('SIGKILL');
        await once(publisher as ChildProcess, 'close');
      }
      expect(onDisk).toBe(ALERTS - 1);
      await sleep(5500);

      await broker.start();
      onTestFinished(() => broker.stop());
      const subscriber = await mqtt.connectAsync(`mqtt://127.0.0.1:${broker.port}`, { protocolVersion: 4 });
      onTestFinished(() => subscriber.endAsync(true).then(() => {}));
      const received: { id: string; late?: boolean }[] = [];
      subscriber.on('message', (_topic, payload) => received.push(JSON.parse(payload.toString())));
      await subscriber.subscribeAsync('box/cameras/line/alert', { qos: 1 });
      // It has nothing to add, and brings what the others could not.
      publish();
      const first = () => [...new Set(received.map(({ id }) => Number(id)))];
      await until(
        () => first().at(-1) === ALERTS - 1,
        () => JSON.stringify(first()),
      );
      expect(received.every(({ late }) => late === true)).toBe(true);
      expect(first()).toEqual(Array.from({ length: ALERTS }, (_, i) => i));
    },
  );
});
