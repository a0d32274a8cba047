import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { InspectionStates } from '../../../src/line/publish/inspection-states.js';
import { topics } from '../../../src/line/publish/topics.js';
import { judged } from '../../fixtures/frames.js';
import { event } from './clients.js';

const REST = 200;

/** States, and what was retained of camera `line` so far. */
function keeping(rest = REST) {
  const told: unknown[] = [];
  const retain = (topic: string, payload: string) => {
    expect(topic).toBe('box/cameras/line/inspection');
    told.push(payload === '' ? '' : JSON.parse(payload));
  };
  const states = new InspectionStates({ retain }, topics('box'), rest);
  return { states, told };
}

const ratios = (told: unknown[]) => told.map((one) => (one as { ratio: number | null }).ratio);

describe('what is retained of a camera', () => {
  it('begins with no alert and no ratio, whatever was before', () => {
    const { states, told } = keeping();
    states.add('line');
    expect(told).toEqual([{ alert: 'closed', ratio: null, verdict: null, time: null }]);
  });

  it('tells at once of an alert that opens or closes', () => {
    const { states, told } = keeping();
    states.add('line');
    states.verdict(judged(2, 1.5).verdict);
    states.alert(event('a-1'));
    states.alert({ ...event('a-1'), kind: 'updated' });
    states.alert({ ...event('a-1'), kind: 'closed', reason: 'released' });
    const last = { ratio: 1.5, verdict: 'anomalous', time: '1970-01-01T00:00:00.200Z' };
    expect(told.slice(1)).toEqual([
      { alert: 'closed', ...last },
      { alert: 'open', id: 'a-1', openedAt: '1970-01-01T00:00:00.200Z', ...last },
      { alert: 'closed', ...last },
    ]);
  });

  it('tells the ratio now and then, and the last one in the end', async () => {
    const { states, told } = keeping();
    states.add('line');
    for (const score of [1, 2, 3]) states.verdict(judged(1, score).verdict);
    expect(ratios(told)).toEqual([null, 1]);
    await sleep(2 * REST);
    expect(ratios(told)).toEqual([null, 1, 3]);
    await sleep(2 * REST);
    expect(told).toHaveLength(3);
    states.stop();
    expect(told).toHaveLength(3);
  });

  it('tells before it stops what it has not told yet', () => {
    const { states, told } = keeping(60_000);
    states.add('line');
    for (const score of [1, 2]) states.verdict(judged(1, score).verdict);
    states.stop();
    expect(ratios(told)).toEqual([null, 1, 2]);
  });

  it('is nothing for a camera that is watched no more', async () => {
    const { states, told } = keeping();
    states.add('line');
    for (const score of [1, 2]) states.verdict(judged(1, score).verdict);
    states.forget('line');
    states.verdict(judged(1, 3).verdict);
    await sleep(2 * REST);
    expect(told.at(-1)).toBe('');
  });
});
