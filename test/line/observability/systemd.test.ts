import { afterEach, describe, expect, it, vi } from 'vitest';
import { Systemd } from '../../../src/line/observability/systemd.js';
import { until } from '../../fixtures/daemon.js';
import { hasNotify, notifySocket } from '../../fixtures/notify-socket.js';

const none = (error: Error) => {
  throw error;
};

afterEach(() => void vi.unstubAllEnvs());

describe('systemd', () => {
  it('is there only where it wants to hear of the process', () => {
    expect(Systemd.of({}, none)).toBeUndefined();
    expect(Systemd.of({ NOTIFY_SOCKET: '' }, none)).toBeUndefined();
    expect(Systemd.of({ NOTIFY_SOCKET: '/run/notify' }, none)).toBeInstanceOf(Systemd);
  });

  it.each([
    [undefined, undefined, undefined],
    ['60000000', undefined, 60_000],
    ['60000000', String(process.pid), 60_000],
    ['60000000', String(process.pid + 1), undefined],
    ['0', undefined, undefined],
    ['soon', undefined, undefined],
  ])('with WATCHDOG_USEC=%s and WATCHDOG_PID=%s wants to hear of it within %s ms', (usec, pid, expected) => {
    const environment = { NOTIFY_SOCKET: '/run/notify', WATCHDOG_USEC: usec, WATCHDOG_PID: pid };
    expect(Systemd.of(environment, none)?.watchdog).toBe(expected);
  });

  it.skipIf(!hasNotify)('gets every message, in order', async () => {
    const { path, messages } = await notifySocket();
    vi.stubEnv('NOTIFY_SOCKET', path);
    const systemd = Systemd.of(process.env, none);
    void systemd?.tell('READY=1', 'STATUS=2 of 3 cameras live; alert: "line"');
    void systemd?.tell('WATCHDOG=1');
    await systemd?.tell('STOPPING=1');
    await until(
      () => messages.length >= 3,
      () => JSON.stringify(messages),
    );
    expect(messages).toEqual([
      ['READY=1', 'STATUS=2 of 3 cameras live; alert: "line"'],
      ['WATCHDOG=1'],
      ['STOPPING=1'],
    ]);
  });

  it.skipIf(!hasNotify)('that does not answer is told of once, and keeps nobody waiting', async () => {
    vi.stubEnv('NOTIFY_SOCKET', '/nowhere/notify');
    const failures: Error[] = [];
    const systemd = Systemd.of(process.env, (error) => failures.push(error));
    await systemd?.tell('READY=1');
    await systemd?.tell('WATCHDOG=1');
    expect(failures).toHaveLength(1);
  });
});
