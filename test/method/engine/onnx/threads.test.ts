import { readdirSync } from 'node:fs';
import { afterEach, describe, expect, it } from 'vitest';
import { findCores } from '../../../../src/common/processor/cores.js';
import { Session } from '../../../../src/method/engine/onnx/runtime.js';
import { trace } from '../../../../src/method/engine/onnx/tracer.js';
import { relu } from '../../../../src/method/tensorflow.js';

const missing = process.platform === 'linux' ? undefined : 'threads can be counted in Linux alone';
if (missing) console.warn(`skipped: ${missing}`);

const ownThreads = () => readdirSync('/proc/self/task').length;

describe.skipIf(missing)('the threads of a session', () => {
  const open: Session[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((session) => session.close()));
  });

  /** How many threads come with a session; the one that asks for a run computes, too. */
  async function threadsWith(threads?: number): Promise<number> {
    const graph = await trace(({ x }) => ({ y: relu(x) }), { x: { shape: [1], type: 'float32' } });
    const model = graph.encode();
    // Starts what else there is, once.
    open.push(await Session.open(model, { threads: 1 }));
    const before = ownThreads();
    open.push(await Session.open(model, { threads }));
    return ownThreads() - before + 1;
  }

  it('are one for each core that we may use, on every processor', async () => {
    expect(await threadsWith()).toBe(findCores().usable);
    expect(open[1].threads).toBe(findCores().usable);
  });

  it('are as many as were asked for', async () => {
    expect(await threadsWith(3)).toBe(3);
    expect(open[1].threads).toBe(3);
  });
});
