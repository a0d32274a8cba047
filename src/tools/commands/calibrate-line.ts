import type { LineCalibration } from '../../learning/calibration/line-calibration.js';
import { describeScene } from './scene-line.js';

/** What `kdad-edge calibrate --camera` asks of the daemon. */
export interface LineOptions {
  readonly camera: string;
  readonly config: string;
  readonly parts?: number;
  readonly falseAlarms?: number;
  readonly apply: boolean;
  readonly undo: boolean;
  readonly json: boolean;
}

interface Judging {
  readonly model: string;
  readonly modelVersion: string;
}

/** The daemon's reply to a calibration, and to one that is undone. */
type Found = Judging & LineCalibration & { readonly applied: boolean };
type Undone = Judging & { readonly before: number; readonly threshold: number };

/**
 * Has the running daemon propose a threshold, or put one into force, and prints it.
 * @throws KdadError CONFIG_INVALID, DAEMON_UNREACHABLE, COMMAND_INVALID, COMMAND_FAILED
 */
export async function calibrateCamera(options: LineOptions): Promise<void> {
  const { camera, config, parts, falseAlarms, apply, undo, json } = options;
  const [{ loadConfig }, { askDaemon, folderOfDaemon }] = await Promise.all([
    import('../../line/config/load.js'),
    import('../../line/control/local-socket.js'),
  ]);
  const { stateDir } = await loadConfig(config);
  const rate = falseAlarms === undefined ? undefined : `${Number((100 * falseAlarms).toPrecision(6))}%`;
  const payload = { parts, falseAlarms: rate, apply, undo };
  const reply = await askDaemon(await folderOfDaemon(stateDir), { name: 'calibrate', camera, payload });
  if (json) console.log(JSON.stringify(reply, null, 2));
  else console.log(undo ? describeUndone(camera, reply as Undone) : describeCalibration(camera, reply as Found));
}

const describeUndone = (camera: string, { before, threshold }: Undone): string =>
  `Camera ${camera}: the threshold is ${threshold.toPrecision(4)} again, was ${before.toPrecision(4)}`;

/** Proposed and held threshold side by side, with the scores that speak for each. */
export function describeCalibration(camera: string, found: Found): string {
  const { model, modelVersion, parts, falseAlarms, lack, held, proposed, factor, anomalous, scene, applied } = found;
  const rate = `${Number((100 * falseAlarms).toPrecision(3))} %`;
  return [
    `Camera ${camera}, judged by ${model} ${modelVersion}: the last ${parts} parts, counting one a second at most`,
    '',
    ...drawHistograms(found),
    '',
    `  threshold  ${proposed.toPrecision(4)} for ${rate} of false alarms (factor ${factor.toFixed(3)}), was ${held.toPrecision(4)}`,
    `  anomalous  ${anomalous.proposed} of ${parts} parts by it, ${anomalous.held} by the one before`,
    ...(lack === undefined ? [] : [`             ${lack}`]),
    ...(scene === undefined ? [] : [`  scores     ${describeScene(scene)}`]),
    applied
      ? `In force. kdad-edge calibrate --camera ${camera} --undo goes back.`
      : `Nothing has changed. kdad-edge calibrate --camera ${camera} --apply puts it into force.`,
  ].join('\n');
}

/** Characters of the longest bar. */
const WIDTH = 24;

/** Both, bar beside bar, the longest one of each as wide as the other's; a line where each threshold lies. */
function drawHistograms({ histograms, held, proposed }: LineCalibration): string[] {
  const { from, to, calibration, line } = histograms;
  const step = (to - from) / line.length;
  const bars = (counts: readonly number[]) =>
    counts.map((count) => {
      const bar = '#'.repeat(Math.ceil((WIDTH * count) / Math.max(1, ...counts)));
      return count === 0 ? '' : `${bar} ${count}`;
    });
  const [left, right] = [bars(calibration), bars(line)];
  const width = Math.max('held out'.length, ...left.map((bar) => bar.length));
  const marks = line.map((_, i) => {
    const within = (score: number) => score >= from + i * step && score < from + (i + 1) * step;
    const [old, next] = [within(held), within(proposed)];
    if (old && next) return '  < both thresholds';
    if (next) return '  < this threshold';
    return old ? '  < the one before' : '';
  });
  const row = (score: string, one: string, other: string) =>
    `  ${score.padEnd(9)}  ${one.padEnd(width)}  ${other}`.trimEnd();
  return [
    row('score', 'held out', 'on the line'),
    ...line.map((_, i) =>
      row(`${(from + i * step).toPrecision(3)}${i === line.length - 1 ? '+' : ''}`, left[i], `${right[i]}${marks[i]}`),
    ),
  ];
}
