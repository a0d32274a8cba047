import { mkdtemp } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, inject, it } from 'vitest';
import type { CameraConfig, Config } from '../../../src/line/config/schema.js';
import { Overrides } from '../../../src/line/control/overrides.js';
import { CameraLimits } from '../../../src/line/daemon/camera-limits.js';
import { LineCalibrator } from '../../../src/line/daemon/line-calibrator.js';
import { verdictOf } from '../../../src/line/inspection/verdict.js';
import { RecentScores } from '../../../src/line/state/recent-scores.js';
import type { Bundle } from '../../../src/method/bundle/read.js';
import { frame } from '../../fixtures/frames.js';

const scores = Array.from({ length: 100 }, (_, i) => 1 + (i % 20) / 40);
const asked = { parts: 500, apply: false, undo: false };

/** A bundle whose threshold is 2. */
const bundle = (sha256: string, parameters: Record<string, number> = {}) =>
  ({
    name: 'washer',
    version: sha256,
    threshold: 2,
    detectorPath: '/models/washer/detector.onnx',
    manifest: { files: { 'detector.onnx': { sha256 } } },
    calibration: { parameters, scores: scores.slice(0, 40).map((score) => ({ image: 'a', score })) },
  }) as unknown as Bundle;

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(inject('shared'), 'calibrator-'));
});

/** A calibrator of one camera, whose bundle and configuration can be changed. */
function calibrator(config: object = {}) {
  const line = { bundle: bundle('first'), settings: { name: 'line', rotate: 0 } as CameraConfig };
  const overrides = new Overrides(join(folder, 'overrides.json'), () => {});
  const settingsOf = () => line.settings;
  const limits = new CameraLimits({ overrides, config: () => config as Config, settingsOf });
  const recent = new RecentScores(join(folder, 'scores'), ['line'], () => {});
  const bundleOf = () => line.bundle;
  const calibrating = new LineCalibrator({ scores: recent, limits, overrides, bundleOf, settingsOf });
  let time = 0;
  const see = (values: readonly number[]) => {
    for (const score of values) {
      time += 1000;
      const one = { ...frame(0), steadyTime: time };
      calibrating.judged({ frame: one, verdict: verdictOf(one, score, 2) });
    }
  };
  const ask = (more: object = {}) =>
    calibrating.calibrate('line', { ...asked, ...more }) as Promise<Record<string, number>>;
  return { line, limits, overrides, see, ask };
}

describe('a calibration of a camera', () => {
  it('is proposed, applied, and undone, one after the other', async () => {
    const { line, limits, see, ask } = calibrator();
    see(scores);
    const { proposed, factor } = await ask();
    expect(limits.threshold('line', line.bundle)).toBe(2);
    await ask({ apply: true });
    expect(limits.threshold('line', line.bundle)).toBeCloseTo(proposed, 12);
    expect(limits.commanded('line', line.bundle)).toEqual({ calibrated: { factor }, muted: false });
    await ask({ apply: true, falseAlarms: 0.001 });
    expect(await ask({ undo: true })).toMatchObject({ threshold: 2 * factor });
    expect(await ask({ undo: true })).toMatchObject({ before: 2 * factor, threshold: 2 });
    await expect(ask({ undo: true })).rejects.toMatchObject({ code: 'COMMAND_FAILED' });
  });

  it('takes the band to be reviewed along', async () => {
    const { line, limits, see, ask } = calibrator({ review: { factor: 0.9 } });
    see(scores);
    await ask({ apply: true });
    expect(limits.reviewFrom('line', line.bundle)).toBe(0.9);
  });

  it('is for the rate that is asked for, else for that of the camera, of the model, or one in a hundred', async () => {
    const own = calibrator({ threshold: { falseAlarms: 0.02 } });
    own.see(scores);
    expect((await own.ask({ falseAlarms: 0.03 })).falseAlarms).toBe(0.03);
    expect((await own.ask()).falseAlarms).toBe(0.02);
    const plain = calibrator();
    plain.see(scores);
    expect((await plain.ask()).falseAlarms).toBe(0.01);
    plain.line.bundle = bundle('other', { falseAlarms: 0.005 });
    plain.see(scores);
    expect((await plain.ask()).falseAlarms).toBe(0.005);
  });

  it.each([
    ['model', (line: { bundle: Bundle }) => (line.bundle = bundle('second'))],
    ['part of the picture', (line: { settings: CameraConfig }) => (line.settings = { ...line.settings, rotate: 90 })],
  ])('goes by no scores of another %s', async (_, change) => {
    const { line, see, ask } = calibrator();
    see(scores);
    change(line);
    await expect(ask()).rejects.toThrow('camera line: 0 parts were judged');
    see(scores.slice(0, 29));
    await expect(ask()).rejects.toThrow('camera line: 29 parts were judged');
    see(scores.slice(0, 1));
    expect(await ask()).toMatchObject({ parts: 30 });
  });

  it('holds for the model whose scores it comes from', async () => {
    const { line, limits, see, ask } = calibrator({ threshold: { factor: 1.5 } });
    see(scores);
    const { proposed } = await ask({ apply: true });
    const second = bundle('second');
    expect(limits.threshold('line', second)).toBe(3);
    expect([line.bundle, second].map((one) => limits.hasLapsed('line', one))).toEqual([false, true]);
    expect(limits.threshold('line', line.bundle)).toBeCloseTo(proposed, 12);
  });

  it.each([
    ['parts that score all the same', Array(100).fill(1), /100 of 100 parts would be anomalous/],
    ['a threshold that is far from that of the model', scores.map((score) => 100 * score), /times the threshold/],
  ])('is not applied with %s', async (_, seen, why) => {
    const { line, limits, see, ask } = calibrator();
    see(seen);
    expect(await ask()).toMatchObject({ applied: false });
    await expect(ask({ apply: true })).rejects.toThrow(why);
    expect(limits.threshold('line', line.bundle)).toBe(2);
  });
});
