import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { KdadError } from '../../../src/common/errors.js';
import { type Actions, cameraCommands, daemonCommands } from '../../../src/line/control/commands.js';
import { type CommandRequest, Controller, type Outcome, type Reply } from '../../../src/line/control/controller.js';

/** A controller that notes what it is asked to do, and its outcomes. */
function controller(changes: Partial<Actions> = {}) {
  const done: unknown[][] = [];
  const outcomes: [string, Outcome, Reply][] = [];
  const note =
    (name: string) =>
    async (...values: unknown[]) => {
      done.push([name, ...values]);
      return { noted: name };
    };
  const names = ['status', 'activate', 'trigger', 'threshold', 'calibrate', 'mute', 'unmute'] as const;
  const actions = { ...Object.fromEntries(names.map((name) => [name, note(name)])), ...changes } as Actions;
  const handler = new Controller({
    actions,
    cameras: () => ['line', 'gate'],
    onOutcome: (...outcome) => outcomes.push(outcome),
  });
  const send = (name: string, payload: unknown, camera?: string) =>
    handler.handle({
      name,
      camera,
      payload: Buffer.from(typeof payload === 'string' ? payload : JSON.stringify(payload)),
    });
  return { handler, send, done, outcomes };
}

describe('a command', () => {
  it('is done, and its reply has the result and the id of the request', async () => {
    const { send, done, outcomes } = controller();
    expect(await send('mute', { duration: '5m', requestId: 'r-1' }, 'line')).toEqual({
      command: 'mute',
      camera: 'line',
      requestId: 'r-1',
      ok: true,
      result: { noted: 'mute' },
    });
    expect(await send('activate', { version: '2', model: 'washer' })).toMatchObject({ command: 'activate', ok: true });
    expect(await send('threshold', { threshold: { factor: 1.2 } }, 'line')).toMatchObject({ ok: true });
    expect(await send('threshold', { threshold: null }, 'gate')).toMatchObject({ ok: true });
    expect(done).toEqual([
      ['mute', 'line', 300_000],
      ['activate', '2', 'washer'],
      ['threshold', 'line', { factor: 1.2 }],
      ['threshold', 'gate', null],
    ]);
    expect(outcomes.map(([command, outcome]) => [command, outcome])).toEqual([
      ['mute', 'done'],
      ['activate', 'done'],
      ['threshold', 'done'],
      ['threshold', 'done'],
    ]);
  });

  it('needs no payload where every part of it has a default', async () => {
    const { send, done } = controller();
    expect(await send('trigger', '', 'line')).toMatchObject({ ok: true });
    expect(await send('mute', '', 'line')).toMatchObject({ ok: true });
    expect(await send('calibrate', '', 'line')).toMatchObject({ ok: true });
    expect(done).toEqual([
      ['trigger', 'line', 10_000],
      ['mute', 'line', undefined],
      ['calibrate', 'line', { parts: 500, falseAlarms: undefined, apply: false, undo: false }],
    ]);
  });

  it.each([
    [
      'does not exist',
      'explode',
      {},
      'line',
      /no command explode; there are trigger, .* for a camera, and status, activate/,
    ],
    [
      'is one for a camera',
      'mute',
      {},
      undefined,
      /no command mute; there are status, activate for the daemon, and trigger/,
    ],
    ['is one for the daemon', 'activate', { version: '2' }, 'line', /no command activate/],
    ['is for no camera of ours', 'mute', {}, 'attic', /no camera attic; there are line, gate/],
    ['is no JSON', 'mute', '{', 'line', /no JSON/],
    ['is no object', 'mute', '5', 'line', /payload: .*expected object/],
    ['has a key too many', 'mute', { duration: '1m', for: 'ever' }, 'line', /"for"/],
    ['lacks a key', 'threshold', {}, 'line', /threshold: /],
    ['goes by too few parts', 'calibrate', { parts: 3 }, 'line', /parts: /],
    ['is for a rate that is no share', 'calibrate', { falseAlarms: 0.5 }, 'line', /falseAlarms: expected a share/],
    ['has a threshold of zero', 'threshold', { threshold: { factor: 0 } }, 'line', /threshold.factor: /],
    ['has a score for a threshold', 'threshold', { threshold: 0.8 }, 'line', /threshold: expected \{ factor: 1.1 \}/],
    ['has a duration without unit', 'mute', { duration: 5 }, 'line', /duration: expected a duration such as/],
    ['has a duration too long', 'mute', { duration: '169h' }, 'line', /duration: expected at most 168h/],
    ['waits too long', 'trigger', { timeout: '2m' }, 'line', /timeout: expected at most 1m/],
    ['is too large', 'mute', { duration: '1m', requestId: 'x'.repeat(5000) }, 'line', /expected at most 4096/],
  ])('that %s is refused, and nothing happens', async (_what, name, payload, camera, message) => {
    const { send, done, outcomes } = controller();
    const reply = await send(name, payload, camera);
    expect(reply).toMatchObject({
      ok: false,
      error: { code: 'COMMAND_INVALID', fix: expect.stringContaining('mqtt.md') },
    });
    expect(reply.error?.message).toMatch(message);
    expect(done).toEqual([]);
    expect(outcomes.map(([, outcome]) => outcome)).toEqual(['refused']);
  });

  it('that is refused is told by its id, too', async () => {
    const { send } = controller();
    expect(await send('mute', { requestId: 'r-2', duration: 'long' }, 'line')).toMatchObject({ requestId: 'r-2' });
  });

  it('that fails says why', async () => {
    const failing = controller({
      activate: () => Promise.reject(new KdadError('BUNDLE_DAMAGED', 'models/2: torn')),
      mute: () => Promise.reject(new TypeError('a defect')),
    });
    expect(await failing.send('activate', { version: '2' })).toMatchObject({
      ok: false,
      error: { code: 'BUNDLE_DAMAGED', message: 'models/2: torn', fix: expect.stringContaining('Copy the bundle') },
    });
    expect(await failing.send('mute', {}, 'line')).toMatchObject({ ok: false, error: { code: 'COMMAND_FAILED' } });
    expect(failing.outcomes.map(([, outcome]) => outcome)).toEqual(['failed', 'failed']);
  });

  it('that comes while too many are under way fails', async () => {
    let finish = () => {};
    const finished = new Promise<void>((resolve) => {
      finish = resolve;
    });
    const { send } = controller({ trigger: () => finished.then(() => ({})) });
    const waiting = Array.from({ length: 16 }, () => send('trigger', {}, 'line'));
    expect(await send('mute', {}, 'line')).toMatchObject({ error: { message: expect.stringContaining('under way') } });
    finish();
    expect((await Promise.all(waiting)).every(({ ok }) => ok)).toBe(true);
    expect(await send('mute', {}, 'line')).toMatchObject({ ok: true });
  });

  it('may be anything: there is one reply in JSON, and what is done is only what was understood', async () => {
    const names = [...daemonCommands.keys(), ...cameraCommands.keys()];
    const name = fc.oneof(fc.constantFrom(...names), fc.string(), fc.constantFrom('__proto__', 'constructor'));
    const camera = fc.option(fc.oneof(fc.constantFrom('line', 'gate'), fc.string()), { nil: undefined });
    const payload = fc.oneof(
      fc.uint8Array({ maxLength: 6000 }).map((bytes) => Buffer.from(bytes)),
      fc.json().map((text) => Buffer.from(text)),
      fc
        .dictionary(
          fc.constantFrom('threshold', 'duration', 'timeout', 'version', 'requestId', '__proto__'),
          fc.jsonValue(),
        )
        .map((value) => Buffer.from(JSON.stringify(value))),
    );
    await fc.assert(
      fc.asyncProperty(fc.record<CommandRequest>({ name, camera, payload }), async (request) => {
        const { handler, done, outcomes } = controller();
        const reply = await handler.handle(request);
        expect(JSON.parse(JSON.stringify(reply))).toMatchObject({ ok: reply.ok });
        expect(JSON.stringify(reply).length).toBeLessThan(4000);
        expect(done).toHaveLength(reply.ok ? 1 : 0);
        expect(outcomes).toHaveLength(1);
        expect([...names, 'unknown']).toContain(outcomes[0][0]);
      }),
      { numRuns: 500 },
    );
  });
});
