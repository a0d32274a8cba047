import type { Command } from 'commander';
import { KdadError } from '../../common/errors.js';

/**
 * A command line that is wrong has the exit code of our table: with commander's own, 1, it would pass for an answer,
 * say that a part is anomalous.
 */
export function refuseWrongUsage(command: Command): void {
  command.exitOverride(({ exitCode }) => process.exit(exitCode === 0 ? 0 : new KdadError('USAGE', '').exitCode));
  for (const subcommand of command.commands) refuseWrongUsage(subcommand as Command);
}
