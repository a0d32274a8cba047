import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { Gate } from '../../../src/line/daemon/gate.js';

describe('the gate', () => {
  it('lets in one at a time, in the order of coming, also after one has failed', async () => {
    const gate = new Gate();
    const seen: string[] = [];
    const work = (name: string) => async () => {
      seen.push(`${name} in`);
      await sleep(5);
      seen.push(`${name} out`);
      if (name === 'a') throw new Error('no');
    };
    const results = await Promise.allSettled(['a', 'b', 'c'].map((name) => gate.enter(work(name))));
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(seen).toEqual(['a in', 'a out', 'b in', 'b out', 'c in', 'c out']);
  });

  it('interrupts who is in when it closes, turns away the others, and does its last work once, alone', async () => {
    const gate = new Gate();
    const seen: string[] = [];
    let entered: () => void = () => {};
    const isIn = new Promise<void>((resolve) => {
      entered = resolve;
    });
    const inside = gate.enter(async (signal) => {
      entered();
      await new Promise((resolve) => signal.addEventListener('abort', resolve));
      await sleep(5);
      seen.push('in');
    });
    const waiting = gate.enter(async () => void seen.push('never'));
    await isIn;
    const last = async () => void seen.push('last');
    const refused = expect(waiting).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await Promise.all([gate.close(last), gate.close(last), inside, refused]);
    await expect(gate.enter(async () => {})).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(seen).toEqual(['in', 'last']);
  });

  it("hands on a caller's own signal, and lets nobody in after it", async () => {
    const gate = new Gate();
    const own = new AbortController();
    const inside = gate.enter(async (signal) => {
      own.abort();
      return signal.aborted;
    }, own.signal);
    expect(await inside).toBe(true);
    await expect(gate.enter(async () => {}, own.signal)).rejects.toMatchObject({ code: 'INTERRUPTED' });
    expect(await gate.enter(async ({ aborted }) => aborted)).toBe(false);
  });
});
