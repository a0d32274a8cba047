import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Trigger, TriggerGate } from '../../src/inspection/trigger.js';

/** Which of the frames that come at these times pass. */
function passing(trigger: Trigger, times: readonly number[]): number[] {
  const gate = new TriggerGate(trigger);
  return times.filter((time) => gate.admits(time));
}

describe('a trigger', () => {
  it('that is continuous lets every frame pass', () => {
    expect(passing('continuous', [0, 40, 80])).toEqual([0, 40, 80]);
  });

  it('with an interval lets the first frame of each pass, also after a late one', () => {
    expect(passing({ every: 1000 }, [500, 900, 1499, 1700, 2400, 2500, 3600])).toEqual([500, 1700, 2500, 3600]);
  });

  it('makes up for no interval in which no frame came', () => {
    expect(passing({ every: 1000 }, [0, 5500, 5600, 6100])).toEqual([0, 5500, 6100]);
  });

  it('by command lets exactly the next frame pass that comes after one was asked for', () => {
    const gate = new TriggerGate('command');
    expect(gate.admits(0)).toBe(false);
    gate.ask();
    gate.ask();
    expect([gate.admits(40), gate.admits(80)]).toEqual([true, false]);
  });

  it('lets a frame pass that is asked for, and the intervals as they were', () => {
    const gate = new TriggerGate({ every: 1000 });
    expect(gate.admits(0)).toBe(true);
    gate.ask();
    expect([400, 500, 1000].map((time) => gate.admits(time))).toEqual([true, false, true]);
  });

  it('serves each interval that has a frame exactly once, and each request with the next frame, for any times', () => {
    const steps = fc.array(fc.oneof(fc.constant('ask'), fc.double({ min: 0, max: 5000, noNaN: true })), {
      maxLength: 100,
    });
    const any = fc.oneof(
      fc.constant<Trigger>('command'),
      fc.integer({ min: 1, max: 3000 }).map((every) => ({ every })),
    );
    fc.assert(
      fc.property(any, steps, (trigger, all) => {
        const gate = new TriggerGate(trigger);
        let now = 0;
        let begin: number | undefined;
        let asked = false;
        const served = new Set<number>();
        for (const step of all) {
          if (step === 'ask') {
            gate.ask();
            asked = true;
            continue;
          }
          now += Number(step);
          begin ??= now;
          const interval =
            trigger === 'command' ? undefined : Math.floor((now - begin) / (trigger as { every: number }).every);
          const due = interval !== undefined && !served.has(interval);
          expect(gate.admits(now)).toBe(due || asked);
          if (interval !== undefined) served.add(interval);
          asked = false;
        }
      }),
    );
  });
});
