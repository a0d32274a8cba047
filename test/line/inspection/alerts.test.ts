import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AlertEvent, AlertMachine, type AlertRules } from '../../../src/line/inspection/alerts.js';
import { judged } from '../../fixtures/frames.js';

const rules: AlertRules = { window: 5, open: 3, releaseRatio: 0.9, release: 2, cooldown: 0 };

/** What a machine says to frames with these scores, one after the other. */
function events(scores: readonly number[], changes: Partial<AlertRules> = {}): (AlertEvent | undefined)[] {
  let ids = 0;
  const machine = new AlertMachine({ ...rules, ...changes }, () => `alert-${ids++}`);
  return scores.map((score, i) => machine.next(judged(i, score)));
}

const kinds = (scores: readonly number[], changes?: Partial<AlertRules>) =>
  events(scores, changes).map((event) => event?.kind ?? '-');

describe('an alert', () => {
  it('opens with the k-th anomalous frame of the last n', () => {
    expect(kinds([2, 0, 2, 0, 1])).toEqual(['-', '-', '-', '-', 'opened']);
  });

  it('does not open for anomalous frames that lie further apart', () => {
    expect(kinds([2, 0, 0, 2, 0, 0, 2, 0, 0, 2])).not.toContain('opened');
  });

  it('tells the worst frame of the window when it opens', () => {
    const [, , opened] = events([2, 5, 3]);
    expect(opened).toMatchObject({ kind: 'opened', id: 'alert-0', time: 200, openedAt: 200 });
    expect(opened?.peak.verdict).toMatchObject({ sequence: 1, score: 5 });
  });

  it('is updated only when it gets markedly worse', () => {
    expect(kinds([2, 2, 2, 2.05, 1, 3, 3.1, 4])).toEqual(['-', '-', 'opened', '-', '-', 'updated', '-', 'updated']);
  });

  it('tells small steps once they add up', () => {
    expect(kinds([2, 2, 2, 2.05, 2.09, 2.12])).toEqual(['-', '-', 'opened', '-', '-', 'updated']);
  });

  it('closes with its true peak, told or not', () => {
    const all = events([2, 2, 2, 2.05, 0, 0]);
    expect(all[5]).toMatchObject({ kind: 'closed', reason: 'released', peak: { verdict: { score: 2.05 } } });
  });

  it('closes when nobody looks any more', () => {
    const machine = new AlertMachine(rules, () => 'alert-0');
    for (const i of [0, 1, 2]) machine.next(judged(i, 2));
    expect(machine.stop({ time: 5000, steadyTime: 5000 }, 'stopped')).toMatchObject({
      kind: 'closed',
      reason: 'stopped',
      id: 'alert-0',
      time: 5000,
      duration: 4800,
    });
    expect(machine.isOpen).toBe(false);
    expect(machine.stop({ time: 6000, steadyTime: 6000 }, 'stopped')).toBeUndefined();
  });

  it('does not open while its camera is muted, and opens with the next anomalous frame after that', () => {
    const machine = new AlertMachine(rules, () => 'alert-0');
    for (const i of [0, 1, 2, 3]) expect(machine.next(judged(i, 2), true)).toBeUndefined();
    expect(machine.next(judged(4, 0.5))).toBeUndefined();
    expect(machine.next(judged(5, 2))?.kind).toBe('opened');
    expect(machine.stop({ time: 600, steadyTime: 600 }, 'muted')).toMatchObject({ kind: 'closed', reason: 'muted' });
  });

  it('closes after m frames in a row below the release ratio, with its peak and times', () => {
    const all = events([2, 2, 2, 0.5, 0.95, 0.5, 0.5]);
    expect(all.map((event) => event?.kind)).toEqual([
      undefined,
      undefined,
      'opened',
      undefined,
      undefined,
      undefined,
      'closed',
    ]);
    expect(all[6]).toMatchObject({
      id: 'alert-0',
      openedAt: 200,
      time: 600,
      duration: 400,
      peak: { verdict: { score: 2 } },
    });
  });

  it('does not open again within the cooldown', () => {
    const scores = [2, 2, 2, 0, 0, 2, 2, 2, 2, 2, 2];
    expect(kinds(scores, { cooldown: 500 })).toEqual([
      '-',
      '-',
      'opened',
      '-',
      'closed',
      '-',
      '-',
      '-',
      '-',
      'opened',
      '-',
    ]);
  });

  it('keeps its cooldown and its duration when the clock is set back', () => {
    let set = 0;
    const machine = new AlertMachine({ ...rules, cooldown: 500 }, () => 'alert');
    const next = (sequence: number, score: number) => {
      const one = judged(sequence, score);
      return machine.next({ ...one, frame: { ...one.frame, time: one.frame.time + set } });
    };
    for (const [i, score] of [2, 2, 2].entries()) next(i, score);
    set = -3_600_000;
    next(3, 0);
    expect(next(4, 0)).toMatchObject({ kind: 'closed', openedAt: 200, time: 400 + set, duration: 200 });
    expect([5, 6, 7, 8, 9].map((i) => next(i, 2)?.kind)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
      'opened',
    ]);
  });

  it('goes by other rules when they change, also while it is open', () => {
    const machine = new AlertMachine(rules, () => 'alert-0');
    machine.changeRules({ ...rules, open: 1 });
    expect(machine.next(judged(0, 2))?.kind).toBe('opened');
    machine.changeRules({ ...rules, release: 1 });
    expect(machine.next(judged(1, 0))?.kind).toBe('closed');
  });

  it('gets an id of its own each time', () => {
    const ids = events([2, 2, 2, 0, 0, 2, 2, 2]).filter((event) => event?.kind === 'opened');
    expect(ids.map((event) => event?.id)).toEqual(['alert-0', 'alert-1']);
  });

  it('keeps its promises for any scores and rules', () => {
    const anyRules = fc
      .record({
        window: fc.integer({ min: 1, max: 6 }),
        open: fc.integer({ min: 1, max: 6 }),
        releaseRatio: fc.double({ min: 0.1, max: 1, noNaN: true }),
        release: fc.integer({ min: 1, max: 4 }),
        cooldown: fc.integer({ min: 0, max: 1000 }),
      })
      .filter(({ window, open }) => open <= window);
    fc.assert(
      fc.property(anyRules, fc.array(fc.double({ min: 0, max: 3, noNaN: true }), { maxLength: 80 }), (any, scores) => {
        let open: AlertEvent | undefined;
        for (const [i, event] of events(scores, any).entries()) {
          if (!event) continue;
          if (event.kind === 'opened') {
            expect(open).toBeUndefined();
            const window = scores.slice(Math.max(0, i + 1 - any.window), i + 1);
            expect(window.filter((score) => score >= 1).length).toBeGreaterThanOrEqual(any.open);
          } else {
            expect(event.id).toBe(open?.id);
            expect(event.peak.verdict.ratio).toBeGreaterThanOrEqual(open?.peak.verdict.ratio ?? 0);
          }
          if (event.kind === 'closed')
            expect(scores.slice(i + 1 - any.release, i + 1).every((s) => s < any.releaseRatio)).toBe(true);
          open = event.kind === 'closed' ? undefined : event;
        }
      }),
    );
  });
});
