import { systemFailure } from '../../common/files.js';

/** 128 + SIGPIPE. */
const BROKEN_PIPE = 141;

/**
 * A reader such as `head` that has seen enough ends the work, as SIGPIPE ends other programs. A disk that is full, to
 * which the output goes, ends it with an error.
 */
export function endWithReader(): void {
  let told = false;
  const exitCodeOf = (error: NodeJS.ErrnoException): number => {
    if (error.code === 'EPIPE') return BROKEN_PIPE;
    const failure = systemFailure(error);
    if (!failure) throw error;
    if (!told) console.error(`kdad-edge: standard output: ${failure.message}\n  ${failure.fix}  [${failure.code}]`);
    told = true;
    return failure.exitCode;
  };
  process.stdout.on('error', (error) => process.exit(exitCodeOf(error)));
  // Whoever ends the process right after writing, as the help does, is gone before the error is told.
  process.once('exit', () => {
    if (process.stdout.errored) process.exitCode = exitCodeOf(process.stdout.errored);
  });
  process.stderr.on('error', () => {}); // Nobody can be told.
}
