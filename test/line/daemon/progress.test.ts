import { describe, expect, it } from 'vitest';
import { longestPause, Progress } from '../../../src/line/daemon/progress.js';

const PATIENCE = 60;

/** Progress of cameras, with a clock to set. */
function watched() {
  let now = 1000;
  const progress = new Progress(PATIENCE, () => now);
  return {
    progress,
    stuckAfter: (milliseconds: number) => {
      now += milliseconds;
      return progress.stuck;
    },
  };
}

describe('progress', () => {
  it('is not asked for while no camera is live', () => {
    const { progress, stuckAfter } = watched();
    expect(stuckAfter(1e6)).toBe(false);
    progress.cameraLive('line', 10);
    progress.cameraGone('line');
    expect(stuckAfter(1e6)).toBe(false);
  });

  it('is missing when a camera is live and nothing is judged', () => {
    const { progress, stuckAfter } = watched();
    progress.cameraLive('line', 10);
    expect(stuckAfter(70)).toBe(false);
    expect(stuckAfter(1)).toBe(true);
  });

  it('is there while frames are judged, and again once they are', () => {
    const { progress, stuckAfter } = watched();
    progress.cameraLive('line', 10);
    for (let i = 0; i < 10; i++) {
      expect(stuckAfter(50)).toBe(false);
      progress.frameJudged();
    }
    expect(stuckAfter(71)).toBe(true);
    progress.frameJudged();
    expect(stuckAfter(0)).toBe(false);
  });

  it('is not hidden by another camera that comes and goes', () => {
    const { progress, stuckAfter } = watched();
    progress.cameraLive('line', 10);
    for (let i = 0; i < 4; i++) {
      if (i % 2 === 0) progress.cameraLive('gate', 10);
      else progress.cameraGone('gate');
      stuckAfter(20);
    }
    expect(progress.stuck).toBe(true);
  });

  it('is not asked for while frames are left out because they are damaged', () => {
    const { progress, stuckAfter } = watched();
    progress.cameraLive('line', 10);
    for (let i = 0; i < 10; i++) {
      expect(stuckAfter(50)).toBe(false);
      progress.frameLeftOut('line');
    }
    progress.frameLeftOut('another');
    expect(stuckAfter(71)).toBe(true);
  });

  it('is not asked for of a camera whose frames wait for a command', () => {
    const { progress, stuckAfter } = watched();
    progress.cameraLive('asked', Number.POSITIVE_INFINITY);
    expect(stuckAfter(1e9)).toBe(false);
    progress.cameraLive('line', 10);
    expect(stuckAfter(70)).toBe(false);
    expect(stuckAfter(1)).toBe(true);
  });
});

describe('the longest pause of a camera', () => {
  const stream = {
    name: 'line',
    source: { kind: 'rtsp', url: 'rtsp://camera/1' },
    settle: 500,
    stallTimeout: 5000,
  } as const;
  const folder = { name: 'line', source: { kind: 'folder', path: 'pictures' }, settle: 0, fps: 0.01 } as const;
  it.each([
    ['is over when it counts as lost', { ...stream, trigger: 'continuous' }, 5500],
    ['has its interval in it', { ...stream, trigger: { every: 60_000 } }, 65_500],
    ['of a folder is its rate', { ...folder, trigger: 'continuous' }, 100_000],
    ['may be any, where frames are judged on command', { ...stream, trigger: 'command' }, Number.POSITIVE_INFINITY],
  ] as const)('%s', (_what, camera, pause) => {
    expect(longestPause(camera)).toBe(pause);
  });
});
