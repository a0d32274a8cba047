import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { alertPayload, statePayload, topics, verdictPayload } from '../../../src/line/publish/topics.js';
import { judged } from '../../fixtures/frames.js';

const bottle = { name: 'bottle', version: '7' };

const opened = {
  kind: 'opened',
  id: 'a',
  camera: 'line',
  time: 1200,
  openedAt: 1200,
  duration: 0,
  peak: judged(12, 1.5),
} as const;

describe('topics', () => {
  it('lie below the prefix, one branch for each camera', () => {
    const { availability, state, alert, heatmap, verdict } = topics('plant/box-1');
    expect(availability).toBe('plant/box-1/availability');
    expect([state, alert, heatmap, verdict].map((topic) => topic('line'))).toEqual([
      'plant/box-1/cameras/line/state',
      'plant/box-1/cameras/line/alert',
      'plant/box-1/cameras/line/heatmap',
      'plant/box-1/cameras/line/verdict',
    ]);
  });
});

describe('payloads', () => {
  it('of an alert that opens: which, where, when, how bad', () => {
    expect(JSON.parse(alertPayload(opened, bottle))).toEqual({
      event: 'opened',
      id: 'a',
      camera: 'line',
      model: 'bottle',
      modelVersion: '7',
      time: '1970-01-01T00:00:01.200Z',
      openedAt: '1970-01-01T00:00:01.200Z',
      score: 1.5,
      threshold: 1,
      ratio: 1.5,
      verdict: 'anomalous',
      frame: { sequence: 12, time: '1970-01-01T00:00:01.200Z' },
    });
  });

  it('of an alert that closes: how long it lasted, and its worst frame', () => {
    const closed = { ...opened, kind: 'closed', reason: 'released', time: 4700, duration: 3500 } as const;
    expect(JSON.parse(alertPayload(closed, bottle))).toMatchObject({
      event: 'closed',
      reason: 'released',
      time: '1970-01-01T00:00:04.700Z',
      durationSeconds: 3.5,
      frame: { sequence: 12 },
    });
  });

  it('of a verdict', () => {
    expect(JSON.parse(verdictPayload(judged(3, 0.5).verdict, bottle))).toEqual({
      camera: 'line',
      model: 'bottle',
      modelVersion: '7',
      time: '1970-01-01T00:00:00.300Z',
      sequence: 3,
      score: 0.5,
      threshold: 1,
      ratio: 0.5,
      anomalous: false,
      verdict: 'good',
    });
  });

  it('of the state of a camera', () => {
    expect(JSON.parse(statePayload('lost', 1000, 'ffmpeg exited with 1'))).toEqual({
      state: 'lost',
      since: '1970-01-01T00:00:01.000Z',
      reason: 'ffmpeg exited with 1',
    });
  });

  it('hold nothing of the pixels', () => {
    const { frame, verdict } = judged(12, 1.5);
    const map = { values: new Float32Array(4), size: [2, 2] as const };
    expect(alertPayload({ ...opened, peak: { frame, verdict, map } }, bottle)).toBe(alertPayload(opened, bottle));
  });

  it('say what they were given, whatever the names and scores', () => {
    const score = fc.double({ noNaN: true, noDefaultInfinity: true, min: 0 });
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), score, (camera, model, score) => {
        const peak = judged(1, score, camera);
        const alert = JSON.parse(alertPayload({ ...opened, camera, peak }, { name: model, version: '1' }));
        const verdict = JSON.parse(verdictPayload(peak.verdict, { name: model, version: '1' }));
        for (const payload of [alert, verdict]) expect(payload).toMatchObject({ camera, model, score, ratio: score });
        expect(JSON.parse(statePayload('lost', 0, model)).reason).toBe(model);
      }),
    );
  });
});
