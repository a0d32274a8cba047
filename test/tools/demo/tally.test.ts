import { describe, expect, it } from 'vitest';
import { FRAMES_A_PART, type PlannedPart } from '../../../src/tools/demo/line.js';
import { Tally } from '../../../src/tools/demo/tally.js';

const line: PlannedPart[] = [{ seed: 1 }, { seed: 2, kind: 'dent' }, { seed: 3 }, { seed: 4, kind: 'stain' }];

describe('the tally of a line', () => {
  it('counts caught and missed parts and false alarms, by the part that the worst frame shows', () => {
    const tally = new Tally(line);
    tally.judged(4 * FRAMES_A_PART - 1);
    expect(tally.alerted(FRAMES_A_PART + 3)).toMatchObject({ position: 1, part: { kind: 'dent' } });
    tally.alerted(2 * FRAMES_A_PART);
    expect(tally.summary()).toEqual({
      defective: 2,
      caught: 1,
      good: 2,
      falseAlarms: 1,
      missed: [{ position: 3, round: 0, kind: 'stain' }],
    });
  });

  it('does not count a part that was not seen to its end', () => {
    const tally = new Tally(line);
    tally.judged(2 * FRAMES_A_PART - 2);
    expect(tally.summary()).toMatchObject({ defective: 0, good: 1 });
  });

  it('tells rounds apart', () => {
    const tally = new Tally(line);
    tally.alerted(FRAMES_A_PART);
    tally.alerted((line.length + 3) * FRAMES_A_PART);
    tally.judged(2 * line.length * FRAMES_A_PART - 1);
    expect(tally.summary()).toMatchObject({ defective: 4, caught: 2, falseAlarms: 0 });
    expect(tally.summary().missed).toEqual([
      { position: 3, round: 0, kind: 'stain' },
      { position: 1, round: 1, kind: 'dent' },
    ]);
  });

  it('is empty before anything has passed', () => {
    expect(new Tally(line).summary()).toEqual({ defective: 0, caught: 0, good: 0, falseAlarms: 0, missed: [] });
  });
});
