import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type Trigger, TriggerGate } from '../../../src/line/inspection/trigger.js';

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

  it('by command lets none pass of its own accord', () => {
    expect(passing('command', [0, 40, 80])).toEqual([]);
  });

  it('with an interval serves each that has a frame exactly once, with the first, for any times', () => {
    const steps = fc.array(fc.double({ min: 0, max: 5000, noNaN: true }), { maxLength: 100 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 3000 }), steps, (every, waits) => {
        const gate = new TriggerGate({ every });
        const served = new Set<number>();
        let now = 0;
        for (const [i, wait] of waits.entries()) {
          now += i === 0 ? 0 : wait;
          const interval = Math.floor(now / every);
          expect(gate.admits(now)).toBe(!served.has(interval));
          served.add(interval);
        }
      }),
    );
  });
});
