import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, inject, it, onTestFinished } from 'vitest';
import { Courier } from '../../../src/line/publish/courier.js';
import { Outbox } from '../../../src/line/publish/outbox.js';
import { until } from './clients.js';

/** On a disk, or a machine, so slow that a topic has rested while it was looked for something to send. */
class SlowOutbox extends Outbox {
  override async first(...args: Parameters<Outbox['first']>) {
    const found = await super.first(...args);
    if (!found) await sleep(1100);
    return found;
  }
}

it('comes back to a topic whose rest ends while the outbox is read', async () => {
  const outbox = new SlowOutbox(await mkdtemp(join(inject('shared'), 'outbox-')), () => {});
  await outbox.start();
  onTestFinished(() => outbox.stop());
  await outbox.add({ kind: 'alert', topic: 'box/alert', alert: 'a', madeAt: 0, payload: Buffer.from('{}') });
  let tries = 0;
  const courier = new Courier({
    outbox,
    connected: () => true,
    deliver: async () => {
      if (++tries < 3) throw new Error('the connection has ended');
    },
    onRefused: async () => {},
    onFailure: (error) => expect.fail(error.message),
  });
  courier.start();
  onTestFinished(() => courier.stop());
  await until(() => outbox.depth === 0);
  expect(tries).toBe(3);
});
