import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RequestedVerdicts } from '../../../src/line/inspection/requested-verdicts.js';
import { frame, judged } from '../../fixtures/frames.js';

const never = new AbortController().signal;

describe('a requested verdict', () => {
  it('is that on the next frame that comes, for everybody who asked for it', async () => {
    const requested = new RequestedVerdicts();
    const both = [requested.ask('line', never), requested.ask('line', never)];
    expect([0, 1].map((sequence) => requested.takes(frame(sequence)))).toEqual([true, false]);
    const { verdict } = judged(0, 0.5);
    requested.judged(verdict);
    expect(await Promise.all(both)).toEqual([verdict, verdict]);
  });

  it('is not that on a frame that had come before', async () => {
    const requested = new RequestedVerdicts();
    expect(requested.takes(frame(0))).toBe(false);
    const asked = requested.ask('line', never);
    requested.judged(judged(0, 0.5).verdict);
    expect(requested.takes(frame(1))).toBe(true);
    requested.judged(judged(1, 2).verdict);
    expect(await asked).toMatchObject({ sequence: 1, score: 2 });
  });

  it('is not that of another camera', async () => {
    const requested = new RequestedVerdicts();
    const asked = requested.ask('line', never);
    expect(requested.takes(frame(0, 'gate'))).toBe(false);
    expect(requested.takes(frame(0))).toBe(true);
    requested.judged(judged(0, 2, 'gate').verdict);
    requested.judged(judged(0, 3).verdict);
    expect(await asked).toMatchObject({ camera: 'line', score: 3 });
  });

  it('fails when the frame is dropped', async () => {
    const requested = new RequestedVerdicts();
    const asked = requested.ask('line', never);
    requested.takes(frame(0));
    requested.dropped(frame(0), 'busy');
    await expect(asked).rejects.toMatchObject({ code: 'COMMAND_FAILED', message: expect.stringContaining('busy') });
  });

  it('fails when nobody can wait any longer, and its frame is not judged for nobody', async () => {
    const requested = new RequestedVerdicts();
    const patience = new AbortController();
    const asked = requested.ask('line', patience.signal);
    patience.abort();
    await expect(asked).rejects.toMatchObject({ code: 'COMMAND_FAILED', message: expect.stringContaining('in time') });
    await expect(requested.ask('line', patience.signal)).rejects.toMatchObject({ code: 'COMMAND_FAILED' });
    expect(requested.takes(frame(0))).toBe(false);
  });

  it('comes for each request, of the first frame after it, and no frame passes without one', async () => {
    const steps = fc.array(fc.constantFrom('ask', 'frame'), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(steps, async (all) => {
        const requested = new RequestedVerdicts();
        const expected: number[] = [];
        const asked: Promise<number>[] = [];
        let open = 0;
        let sequence = 0;
        for (const step of [...all, 'frame']) {
          if (step === 'ask') {
            asked.push(requested.ask('line', never).then((verdict) => verdict.sequence));
            open++;
            continue;
          }
          const passes = requested.takes(frame(sequence));
          expect(passes).toBe(open > 0);
          if (passes) requested.judged(judged(sequence, 1).verdict);
          expected.push(...Array(open).fill(sequence++));
          open = 0;
        }
        expect(await Promise.all(asked)).toEqual(expected);
      }),
    );
  });
});
