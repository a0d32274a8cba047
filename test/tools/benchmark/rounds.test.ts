import { expect, it } from 'vitest';
import { inTurns } from '../../../src/tools/benchmark/rounds.js';

it('kinds of work take turns, each with a first run that does not count', async () => {
  const done: string[] = [];
  const work = (name: string) => async () => void done.push(name);
  const times = await inTurns({ a: work('a'), b: work('b') }, { rounds: 2, runs: 2 });
  expect(done.join('')).toBe('aaabbbaaabbb');
  expect(times).toEqual({ a: expect.any(Number), b: expect.any(Number) });
});

it('a signal ends them, though they block the thread', async () => {
  const stop = new AbortController();
  let runs = 0;
  const work = async () => void (++runs === 3 && stop.abort(new Error('enough')));
  await expect(inTurns({ work }, { rounds: 5, runs: 5 }, stop.signal)).rejects.toThrow('enough');
  expect(runs).toBe(3);
});
