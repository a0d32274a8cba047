import { systemFailure } from '../files.js';

/** 128 + SIGPIPE. */
const BROKEN_PIPE = 141;

/**
 * A reader such as `head` that has seen enough ends the work, as SIGPIPE ends other programs. A disk that is full, to which the output goes, ends it with an
 * error.
 */
export function endWithReader(): void {
  process.stdout.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code === 'EPIPE') process.exit(BROKEN_PIPE);
    const failure = systemFailure(error);
    if (!failure) throw error;
    console.error(`kdad-edge: standard output: ${failure.message}\n  ${failure.fix}  [${failure.code}]`);
    process.exit(failure.exitCode);
  });
  process.stderr.on('error', () => {}); // Nobody can be told.
}
