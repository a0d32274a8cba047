import { expect, it } from 'vitest';
import { calibrateOnLine } from '../../../src/learning/calibration/line-calibration.js';
import type { Calibration } from '../../../src/method/bundle/calibration.js';
import { describeCalibration } from '../../../src/tools/commands/calibrate-line.js';

it('a calibration on the line is shown with both histograms and both thresholds', () => {
  const scores = (count: number, from: number) => Array.from({ length: count }, (_, i) => from + (0.5 * i) / count);
  const calibration = { scores: scores(40, 1).map((score) => ({ image: 'a', score })) } as Calibration;
  const found = calibrateOnLine({ threshold: 1.5, calibration }, scores(100, 1.2), { held: 1.5, falseAlarms: 0.01 });
  const told = { model: 'washer', modelVersion: '3', ...found };
  const lines = describeCalibration('line-1', { ...told, applied: false }).split('\n');
  expect(lines[0]).toBe('Camera line-1, judged by washer 3: the last 100 parts, counting one a second at most');
  expect(lines[2]).toMatch(/^ {2}score +held out +on the line$/);
  expect(lines.slice(3, 23).every((line) => /^ {2}\d\.\d+/.test(line))).toBe(true);
  expect(lines.filter((line) => line.endsWith('< this threshold'))).toHaveLength(1);
  expect(lines.filter((line) => line.endsWith('< the one before'))).toHaveLength(1);
  expect(lines.slice(24)).toEqual([
    `  threshold  ${found.proposed.toPrecision(4)} for 1 % of false alarms (factor ${found.factor.toFixed(3)}), was 1.500`,
    '  anomalous  0 of 100 parts by it, 40 by the one before',
    expect.stringMatching(/^ {2}scores {5}median 1\.\d MADs above that of the held-out images$/),
    'Nothing has changed. kdad-edge calibrate --camera line-1 --apply puts it into force.',
  ]);
  expect(describeCalibration('line-1', { ...told, applied: true })).toMatch(/In force\. .*--undo goes back\.$/);
});
