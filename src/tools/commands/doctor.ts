import { Command } from 'commander';
import { KdadError } from '../../common/errors.js';
import type { Finding } from '../doctor/finding.js';
import { deviceOption } from './device.js';

interface Options {
  readonly config: string;
  readonly device?: string;
  readonly json: boolean;
}

export const doctor = new Command('doctor')
  .description('try out everything that a configuration needs: model, ffmpeg, cameras, broker, disk, port, clock')
  .option('--config <file>', 'the configuration file', 'kdad-edge.yaml')
  .addOption(deviceOption("what the onnx engine runs on, instead of the configuration's"))
  .option('--json', 'print the result as JSON', false)
  .addHelpText(
    'after',
    `
Exits with 0 when nothing failed, even with warnings; otherwise with the exit code of the first failure.
A device that a running daemon holds, for example /dev/video0, gives no frame to the doctor.`,
  )
  .action(async ({ config, device, json }: Options) => {
    const { examine } = await import('../doctor/examine.js');
    const findings = await examine(config, device);
    console.log(json ? JSON.stringify({ ok: exitCodeOf(findings) === 0, findings }, null, 2) : table(findings));
    process.exitCode = exitCodeOf(findings);
  });

/** That of the first failure; 0 when nothing failed. */
export function exitCodeOf(findings: readonly Finding[]): number {
  const code = findings.find(({ outcome }) => outcome === 'failed')?.code;
  return code ? new KdadError(code, '').exitCode : 0;
}

/** A line each, with what to do about it below. */
export function table(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ what }) => what.length));
  const lines = findings.flatMap(({ outcome, what, found, advice }) => {
    const margin = ' '.repeat(9 + width + 2);
    const [first, ...more] = [...found.split('\n'), ...(advice ? [`-> ${advice}`] : [])];
    return [`${outcome.padEnd(9)}${what.padEnd(width)}  ${first}`, ...more.map((line) => margin + line)];
  });
  return lines.join('\n');
}
