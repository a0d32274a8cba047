import { describe, expect, it } from 'vitest';
import { VerdictLog } from '../../../src/tools/benchmark/verdict-log.js';

/** A log of verdicts, each `[camera, sequence, when the frame arrived, when the verdict came]`. */
function logOf(...entries: readonly (readonly [string, number, number, number])[]): VerdictLog {
  const log = new VerdictLog();
  for (const [camera, sequence, arrived, judged] of entries) {
    log.add(JSON.stringify({ camera, sequence, time: new Date(arrived).toISOString() }), judged);
  }
  return log;
}

describe('the log of verdicts', () => {
  it('knows each frame’s latency', () => {
    const log = logOf(['a', 0, 1000, 1040], ['a', 1, 1100, 1130]);
    expect(log.between(0, 2000)).toEqual({ judged: 2, dropped: 0, latencies: [40, 30] });
    expect(log.firstAt).toBe(1040);
  });

  it('counts the frames between those that were judged, of each camera by itself', () => {
    const log = logOf(['a', 5, 1000, 1040], ['b', 9, 1000, 1040], ['b', 10, 1100, 1130], ['a', 8, 1300, 1330]);
    expect(log.between(0, 2000)).toMatchObject({ judged: 4, dropped: 2 });
    expect(log.cameras).toBe(2);
  });

  it('leaves out what arrived before or after', () => {
    const log = logOf(['a', 0, 900, 1010], ['a', 3, 1000, 1040], ['a', 4, 1100, 1140], ['a', 9, 2000, 2040]);
    expect(log.between(1000, 2000)).toEqual({ judged: 2, dropped: 0, latencies: [40, 40] });
  });
});
