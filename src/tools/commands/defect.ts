import { KdadError } from '../../common/errors.js';

/**
 * Whatever is thrown and is no error that a user can meet is a defect of ours: it is told with its stack, and ends the
 * process with its own exit code.
 */
export function endWithDefects(): void {
  process.on('uncaughtException', endWithDefect);
}

/** @param error what was thrown */
export function endWithDefect(error: unknown): never {
  const { message, fix, code, exitCode } = new KdadError('DEFECT', 'a defect of kdad-edge', { cause: error });
  const what = error instanceof Error ? (error.stack ?? error.message) : String(error);
  console.error(`kdad-edge: ${message}: ${what}\n  ${fix}  [${code}]`);
  process.exit(exitCode);
}
