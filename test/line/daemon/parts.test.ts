import { describe, expect, it } from 'vitest';
import { type Part, Parts } from '../../../src/line/daemon/parts.js';

/** Parts that tell what they do in `seen`; what is not stopped goes there, too. */
function partsOf(...special: (Partial<Part> & { name: string })[]) {
  const seen: string[] = [];
  const tell = (part: Partial<Part> & { name: string }): Part => ({
    start: () => void seen.push(`start ${part.name}`),
    stop: () => void seen.push(`stop ${part.name}`),
    ...part,
  });
  return { seen, list: special.map(tell), parts: new Parts((name, reason) => seen.push(`${name}: ${reason}`)) };
}
const never = new Promise<void>(() => {});

describe('parts', () => {
  it('start in order and stop in reverse', async () => {
    const { seen, list, parts } = partsOf({ name: 'a' }, { name: 'b' });
    await parts.start(list, new AbortController().signal);
    await parts.stop();
    expect(seen).toEqual(['start a', 'start b', 'stop b', 'stop a']);
  });

  it('stop, those that had started, when one fails to start', async () => {
    const fails = () => Promise.reject(new Error('no'));
    const { seen, list, parts } = partsOf({ name: 'a' }, { name: 'b', start: fails }, { name: 'c' });
    await expect(parts.start(list, new AbortController().signal)).rejects.toThrow('no');
    await parts.stop();
    expect(seen).toEqual(['start a', 'stop b', 'stop a']);
  });

  it('stop, though one of them fails to and another one never does', async () => {
    const fails = () => Promise.reject(new Error('no'));
    const { seen, list, parts } = partsOf({ name: 'a' }, { name: 'b', stop: fails }, { name: 'c', stop: () => never });
    await parts.start(list, new AbortController().signal);
    await parts.stop();
    expect(seen).toEqual(['start a', 'start b', 'start c', 'c: did not stop within 3 s', 'b: no', 'stop a']);
  });

  it('are interrupted between two of them, and within one that never starts', async () => {
    const signalled = new AbortController();
    const { seen, list, parts } = partsOf({ name: 'a' }, { name: 'b', start: () => never }, { name: 'c' });
    const starting = parts.start(list, signalled.signal);
    signalled.abort();
    await expect(starting).rejects.toMatchObject({ code: 'INTERRUPTED' });
    await parts.stop();
    expect(seen.filter((line) => line.includes('c'))).toEqual([]);
    expect(seen.at(-1)).toBe('stop a');
  });
});
